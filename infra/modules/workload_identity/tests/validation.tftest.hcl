# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "bakeoff-github"
  repository = "example/bakeoff"
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "reserved_name" {
  command = plan

  variables {
    name = "gcp-github"
  }

  expect_failures = [var.name]
}

run "no_owner" {
  command = plan

  variables {
    repository = "bakeoff"
  }

  expect_failures = [var.repository]
}

run "name_as_number" {
  command = plan

  variables {
    repository_id = "bakeoff"
  }

  expect_failures = [var.repository_id]
}

run "every_branch" {
  command = plan

  variables {
    branch = "*"
  }

  expect_failures = [var.branch]
}
