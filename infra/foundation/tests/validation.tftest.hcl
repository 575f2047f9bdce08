# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id   = "my-project"
  region       = "us-central1"
  zone         = "us-central1-a"
  state_bucket = "my-project-bakeoff-state"
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

run "zone_elsewhere" {
  command = plan

  variables {
    zone = "europe-west1-b"
  }

  expect_failures = [var.zone]
}

run "state_bucket_as_uri" {
  command = plan

  variables {
    state_bucket = "gs://state"
  }

  expect_failures = [var.state_bucket]
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

run "no_network" {
  command = plan

  variables {
    network_cidr = "10.64.0.1/20"
  }

  expect_failures = [var.network_cidr]
}

run "network_as_subnetwork" {
  command = plan

  variables {
    subnetwork = "projects/p/global/networks/n"
  }

  expect_failures = [var.subnetwork]
}

run "account_by_name" {
  command = plan

  variables {
    service_account = "nodes"
  }

  expect_failures = [var.service_account]
}

run "vertex_account_by_name" {
  command = plan

  variables {
    vertex_service_account = "vertex"
  }

  expect_failures = [var.vertex_service_account]
}

run "bucket_as_uri" {
  command = plan

  variables {
    bucket = "gs://data"
  }

  expect_failures = [var.bucket]
}

run "staging_bucket_as_uri" {
  command = plan

  variables {
    staging_bucket = "gs://staging"
  }

  expect_failures = [var.staging_bucket]
}

run "temp_bucket_as_uri" {
  command = plan

  variables {
    temp_bucket = "gs://temp"
  }

  expect_failures = [var.temp_bucket]
}

run "run_data_for_no_day" {
  command = plan

  variables {
    run_data_days = 0
  }

  expect_failures = [var.run_data_days]
}

run "scratch_for_no_day" {
  command = plan

  variables {
    scratch_days = 0
  }

  expect_failures = [var.scratch_days]
}

run "everyone_as_a_client" {
  command = plan

  variables {
    client_members = { all = "allUsers" }
  }

  expect_failures = [var.client_members]
}

run "everyone_cleans" {
  command = plan

  variables {
    cleaner_members = { all = "allUsers" }
  }

  expect_failures = [var.cleaner_members]
}

run "everyone_reads" {
  command = plan

  variables {
    reader_members = { all = "allUsers" }
  }

  expect_failures = [var.reader_members]
}

run "budget_of_nothing" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "123", amount_usd = 0 }
  }

  expect_failures = [var.budget]
}
