# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "bakeoff"
  region     = "us-central1"
  cidr       = "10.64.0.0/20"
  node_tag   = "bakeoff"
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
    name = "Bakeoff"
  }

  expect_failures = [var.name]
}

run "zone_as_region" {
  command = plan

  variables {
    region = "us-central1-a"
  }

  expect_failures = [var.region]
}

run "public_range" {
  command = plan

  variables {
    cidr = "8.8.0.0/20"
  }

  expect_failures = [var.cidr]
}

run "host_bits_set" {
  command = plan

  variables {
    cidr = "10.64.0.1/20"
  }

  expect_failures = [var.cidr]
}

run "range_too_small" {
  command = plan

  variables {
    cidr = "10.64.0.0/28"
  }

  expect_failures = [var.cidr]
}

run "tag_with_underscore" {
  command = plan

  variables {
    node_tag = "bake_off"
  }

  expect_failures = [var.node_tag]
}
