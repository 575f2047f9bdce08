# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "my-project-bakeoff-data"
  location   = "us-central1"
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "Data"
  }

  expect_failures = [var.name]
}

run "location_of_a_zone" {
  command = plan

  variables {
    location = "us-central1-a"
  }

  expect_failures = [var.location]
}

run "half_a_day" {
  command = plan

  variables {
    expire_days = { "leases/" = 0.5 }
  }

  expect_failures = [var.expire_days]
}

run "prefix_of_a_name" {
  command = plan

  variables {
    expire_days = { "leases" = 14 }
  }

  expect_failures = [var.expire_days]
}

run "versions_that_expire" {
  command = plan

  variables {
    versioning  = true
    expire_days = { "" = 14 }
  }

  expect_failures = [var.expire_days]
}

run "label_with_capitals" {
  command = plan

  variables {
    labels = { Team = "data" }
  }

  expect_failures = [var.labels]
}
