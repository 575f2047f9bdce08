# The state bucket, the APIs, and who gets in.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/my-project/serviceAccounts/ci@my-project.iam.gserviceaccount.com"
      email  = "ci@my-project.iam.gserviceaccount.com"
      member = "serviceAccount:ci@my-project.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id = "my-project"
  region     = "us-central1"
}

run "without_ci" {
  assert {
    condition     = output.state_bucket == "my-project-bakeoff-state" && output.workload_identity_provider == null && output.plan_service_account == null
    error_message = "state bucket is ${output.state_bucket}"
  }

  assert {
    condition     = length(setsubtract(["dataproc.googleapis.com", "compute.googleapis.com", "aiplatform.googleapis.com", "monitoring.googleapis.com"], module.services.services)) == 0
    error_message = "APIs are ${jsonencode(module.services.services)}"
  }
}

run "with_ci" {
  variables {
    github_repository    = "example/bakeoff"
    github_repository_id = "12345"
  }

  assert {
    condition     = output.plan_service_account == "ci@my-project.iam.gserviceaccount.com" && output.workload_identity_provider != null
    error_message = "plan account is ${coalesce(output.plan_service_account, "null")}"
  }

  assert {
    condition     = [for identity in local.may_clean : endswith(identity, "/subject/repo:example/bakeoff:ref:refs/heads/main")] == [true]
    error_message = "clean is open to ${jsonencode(local.may_clean)}"
  }

  assert {
    condition     = toset([for identity in local.may_plan : split("/subject/", identity)[1]]) == toset(["repo:example/bakeoff:pull_request", "repo:example/bakeoff:ref:refs/heads/main"])
    error_message = "plan is open to ${jsonencode(local.may_plan)}"
  }
}

run "state_bucket_given" {
  variables {
    state_bucket = "their-state"
  }

  assert {
    condition     = output.state_bucket == "their-state" && length(module.state_bucket) == 0
    error_message = "state bucket is ${output.state_bucket}"
  }
}
