mock_provider "google" {
  mock_resource "google_iam_workload_identity_pool" {
    defaults = {
      name = "projects/1/locations/global/workloadIdentityPools/bakeoff-github"
    }
  }
}

variables {
  project_id = "my-project"
  name       = "bakeoff-github"
  repository = "example/bakeoff"
}

run "one_repository_gets_in" {
  assert {
    condition     = google_iam_workload_identity_pool_provider.this.attribute_condition == "assertion.repository == 'example/bakeoff'"
    error_message = "condition is ${google_iam_workload_identity_pool_provider.this.attribute_condition}"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this.oidc[0].issuer_uri == "https://token.actions.githubusercontent.com"
    error_message = "issuer is ${google_iam_workload_identity_pool_provider.this.oidc[0].issuer_uri}"
  }

  assert {
    condition     = output.branch == "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/bakeoff-github/subject/repo:example/bakeoff:ref:refs/heads/main"
    error_message = "branch is ${output.branch}"
  }

  assert {
    condition     = endswith(output.pull_requests, "/subject/repo:example/bakeoff:pull_request")
    error_message = "pull requests are ${output.pull_requests}"
  }
}

run "by_number_too" {
  variables {
    repository_id = "12345"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.this.attribute_condition == "assertion.repository == 'example/bakeoff' && assertion.repository_id == '12345'"
    error_message = "condition is ${google_iam_workload_identity_pool_provider.this.attribute_condition}"
  }
}
