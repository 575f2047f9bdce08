# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  region     = "us-central1"
}

run "each_by_itself" {
  command = plan

  variables {
    project_id        = "My-Project"
    region            = "us-central1-a"
    name              = "a-name-of-more-than-twenty"
    labels            = { Team = "data" }
    state_bucket      = "gs://state"
    github_repository = "https://github.com/example/bakeoff"
  }

  expect_failures = [var.project_id, var.region, var.name, var.labels, var.state_bucket, var.github_repository]
}

run "a_label_of_ours_and_a_repository_by_name_alone" {
  command = plan

  variables {
    labels            = { bakeoff-lease = "abc123" }
    github_repository = "example/bakeoff"
  }

  expect_failures = [var.labels, var.github_repository_id, var.github_repository_owner_id]
}

run "names_as_numbers" {
  command = plan

  variables {
    github_repository          = "example/bakeoff"
    github_repository_id       = "bakeoff"
    github_repository_owner_id = "example"
  }

  expect_failures = [var.github_repository_id, var.github_repository_owner_id]
}
