# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "everyone" {
  command = plan

  variables {
    members = { all = "allAuthenticatedUsers" }
  }

  expect_failures = [var.members]
}

run "bucket_as_uri" {
  command = plan

  variables {
    buckets = { data = "gs://data" }
  }

  expect_failures = [var.buckets]
}

run "role_with_a_hyphen" {
  command = plan

  variables {
    sweeper_role_id = "bakeoff-sweeper"
  }

  expect_failures = [var.sweeper_role_id]
}
