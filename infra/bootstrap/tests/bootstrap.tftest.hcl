# The state bucket, the APIs, and who gets in. Plans only: what must not be destroyed could not be removed after a mocked apply.

mock_provider "google" {}

variables {
  project_id = "my-project"
  region     = "us-central1"
}

run "without_ci" {
  command = plan

  variables {
    labels = { team = "data" }
  }

  assert {
    condition     = output.state_bucket == "my-project-bakeoff-state" && length(module.plan_account) + length(google_iam_workload_identity_pool.github) == 0
    error_message = "state bucket is ${output.state_bucket}"
  }

  assert {
    condition     = google_storage_bucket.state[0].versioning[0].enabled == true && google_storage_bucket.state[0].soft_delete_policy[0].retention_duration_seconds == 604800
    error_message = "an overwritten state would be lost"
  }

  assert {
    condition     = [for rule in google_storage_bucket.state[0].lifecycle_rule : one(rule.condition).num_newer_versions if one(rule.action).type == "Delete"] == [20]
    error_message = "rules are ${jsonencode(google_storage_bucket.state[0].lifecycle_rule)}"
  }

  assert {
    condition     = google_storage_bucket.state[0].labels == tomap({ team = "data", bakeoff = "bootstrap" })
    error_message = "labels are ${jsonencode(google_storage_bucket.state[0].labels)}"
  }

  assert {
    condition     = length(setsubtract(["dataproc.googleapis.com", "compute.googleapis.com", "aiplatform.googleapis.com", "monitoring.googleapis.com"], keys(google_project_service.this))) == 0
    error_message = "APIs are ${jsonencode(keys(google_project_service.this))}"
  }

  assert {
    condition     = alltrue([for service in google_project_service.this : service.disable_on_destroy == false])
    error_message = "a destroy would switch APIs off"
  }
}

run "with_ci_and_a_state_bucket_of_theirs" {
  command = plan

  variables {
    state_bucket               = "their-state"
    github_repository          = "example/bakeoff"
    github_repository_id       = "12345"
    github_repository_owner_id = "678"
  }

  assert {
    condition     = output.state_bucket == "their-state" && length(google_storage_bucket.state) == 0
    error_message = "state bucket is ${output.state_bucket}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].attribute_condition == "assertion.repository_owner_id == '678' && assertion.repository_id == '12345'"
    error_message = "condition is ${google_iam_workload_identity_pool_provider.github[0].attribute_condition}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].oidc[0].issuer_uri == "https://token.actions.githubusercontent.com"
    error_message = "issuer is ${google_iam_workload_identity_pool_provider.github[0].oidc[0].issuer_uri}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].attribute_mapping["attribute.run"] == "assertion.repository_id + ':' + (assertion.event_name.startsWith('pull_request') ? 'pull_request' : assertion.ref)"
    error_message = "runs are told apart by ${google_iam_workload_identity_pool_provider.github[0].attribute_mapping["attribute.run"]}"
  }

  assert {
    condition     = local.runs == { pull_requests = "12345:pull_request", main = "12345:refs/heads/main" } && local.may_clean == ["main"]
    error_message = "clean is open to ${jsonencode(local.may_clean)} of ${jsonencode(local.runs)}"
  }
}
