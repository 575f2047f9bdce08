# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  region     = "us-central1"
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "zone_as_region" {
  command = plan

  variables {
    region = "us-central1-a"
  }

  expect_failures = [var.region]
}

run "name_too_long" {
  command = plan

  variables {
    name = "a-name-of-more-than-twenty"
  }

  expect_failures = [var.name]
}

run "label_with_capitals" {
  command = plan

  variables {
    labels = { Team = "data" }
  }

  expect_failures = [var.labels]
}

run "label_of_ours" {
  command = plan

  variables {
    labels = { bakeoff-lease = "abc123" }
  }

  expect_failures = [var.labels]
}

run "bucket_as_uri" {
  command = plan

  variables {
    state_bucket = "gs://state"
  }

  expect_failures = [var.state_bucket]
}

run "repository_as_url" {
  command = plan

  variables {
    github_repository    = "https://github.com/example/bakeoff"
    github_repository_id = "12345"
  }

  expect_failures = [var.github_repository]
}

run "repository_by_name_alone" {
  command = plan

  variables {
    github_repository = "example/bakeoff"
  }

  expect_failures = [var.github_repository_id]
}

run "name_as_number" {
  command = plan

  variables {
    github_repository    = "example/bakeoff"
    github_repository_id = "bakeoff"
  }

  expect_failures = [var.github_repository_id]
}

run "number_alone" {
  command = plan

  variables {
    github_repository_id = "12345"
  }

  expect_failures = [var.github_repository_id]
}
