# Where a state made before December 2026 has these: nothing in it is destroyed or made anew. States live for years, so the
# blocks stay.

moved {
  from = module.network[0].google_compute_network.this
  to   = google_compute_network.this[0]
}

moved {
  from = module.network[0].google_compute_subnetwork.this
  to   = google_compute_subnetwork.this[0]
}

moved {
  from = module.network[0].google_compute_firewall.internal
  to   = google_compute_firewall.internal[0]
}

moved {
  from = module.network[0].google_compute_router.this[0]
  to   = google_compute_router.this[0]
}

moved {
  from = module.network[0].google_compute_router_nat.this[0]
  to   = google_compute_router_nat.this[0]
}

moved {
  from = module.bucket["data"].google_storage_bucket.this
  to   = google_storage_bucket.data[0]
}

moved {
  from = module.bucket["staging"].google_storage_bucket.this
  to   = google_storage_bucket.scratch["staging"]
}

moved {
  from = module.bucket["temp"].google_storage_bucket.this
  to   = google_storage_bucket.scratch["temp"]
}

moved {
  from = module.clients.google_project_iam_member.this
  to   = google_project_iam_member.client
}

moved {
  from = module.clients.google_storage_bucket_iam_member.this
  to   = google_storage_bucket_iam_member.client
}

moved {
  from = module.clients.google_project_iam_custom_role.sweeper
  to   = google_project_iam_custom_role.sweeper
}

moved {
  from = module.clients.google_project_iam_member.sweeper
  to   = google_project_iam_member.sweeper
}

moved {
  from = module.dashboard.google_monitoring_dashboard.this
  to   = google_monitoring_dashboard.this
}

moved {
  from = module.budget[0].google_billing_budget.this
  to   = google_billing_budget.this[0]
}
