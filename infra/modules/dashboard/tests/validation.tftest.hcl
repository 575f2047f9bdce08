# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "bakeoff"
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "no_title" {
  command = plan

  variables {
    name = ""
  }

  expect_failures = [var.name]
}
