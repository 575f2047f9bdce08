# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  services   = ["dataproc.googleapis.com"]
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "short_name" {
  command = plan

  variables {
    services = ["dataproc"]
  }

  expect_failures = [var.services]
}
