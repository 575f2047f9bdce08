# The account has what it was given, and nothing else.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/my-project/serviceAccounts/bakeoff-dataproc@my-project.iam.gserviceaccount.com"
      email  = "bakeoff-dataproc@my-project.iam.gserviceaccount.com"
      member = "serviceAccount:bakeoff-dataproc@my-project.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id   = "my-project"
  account_id   = "bakeoff-dataproc"
  display_name = "Nodes"
}

run "nothing_by_default" {
  assert {
    condition     = length(google_project_iam_member.this) + length(google_storage_bucket_iam_member.this) + length(google_service_account_iam_member.user) + length(google_service_account_iam_member.federated) == 0
    error_message = "the account has roles that nobody asked for"
  }
}

run "what_was_asked_for" {
  variables {
    project_roles = ["roles/dataproc.worker"]
    bucket_roles  = { data = { bucket = "b", role = "roles/storage.objectUser" } }
    users         = { team = "group:data@example.com" }
    federated     = { ci = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/attribute.run/12345:pull_request" }
  }

  assert {
    condition     = google_project_iam_member.this["roles/dataproc.worker"].member == "serviceAccount:bakeoff-dataproc@my-project.iam.gserviceaccount.com"
    error_message = "member is ${google_project_iam_member.this["roles/dataproc.worker"].member}"
  }

  assert {
    condition     = google_storage_bucket_iam_member.this["data"].bucket == "b" && google_storage_bucket_iam_member.this["data"].role == "roles/storage.objectUser"
    error_message = "bucket role is ${google_storage_bucket_iam_member.this["data"].role}"
  }

  assert {
    condition     = google_service_account_iam_member.user["team"].role == "roles/iam.serviceAccountUser" && google_service_account_iam_member.federated["ci"].role == "roles/iam.workloadIdentityUser"
    error_message = "users have ${google_service_account_iam_member.user["team"].role}"
  }

  assert {
    condition     = output.email == "bakeoff-dataproc@my-project.iam.gserviceaccount.com"
    error_message = "email is ${output.email}"
  }
}
