# Where a state made before December 2026 has these: nothing in it is destroyed or made anew. States live for years, so the
# blocks stay.

moved {
  from = module.services.google_project_service.this
  to   = google_project_service.this
}

moved {
  from = module.state_bucket[0].google_storage_bucket.this
  to   = google_storage_bucket.state[0]
}

moved {
  from = module.github[0].google_iam_workload_identity_pool.this
  to   = google_iam_workload_identity_pool.github[0]
}

moved {
  from = module.github[0].google_iam_workload_identity_pool_provider.this
  to   = google_iam_workload_identity_pool_provider.github[0]
}
