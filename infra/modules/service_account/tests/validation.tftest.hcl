# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id   = "my-project"
  account_id   = "bakeoff-dataproc"
  display_name = "Nodes"
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "account_too_short" {
  command = plan

  variables {
    account_id = "bake"
  }

  expect_failures = [var.account_id]
}

run "no_purpose" {
  command = plan

  variables {
    display_name = ""
  }

  expect_failures = [var.display_name]
}

run "role_without_prefix" {
  command = plan

  variables {
    project_roles = ["dataproc.worker"]
  }

  expect_failures = [var.project_roles]
}

run "basic_role" {
  command = plan

  variables {
    project_roles = ["roles/editor"]
  }

  expect_failures = [var.project_roles]
}

run "admin_of_a_bucket" {
  command = plan

  variables {
    bucket_roles = { data = { bucket = "b", role = "roles/storage.admin" } }
  }

  expect_failures = [var.bucket_roles]
}

run "everyone" {
  command = plan

  variables {
    users = { all = "allUsers" }
  }

  expect_failures = [var.users]
}

run "a_whole_pool" {
  command = plan

  variables {
    federated = { ci = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*" }
  }

  expect_failures = [var.federated]
}
