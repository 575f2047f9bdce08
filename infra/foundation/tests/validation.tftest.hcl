# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id   = "my-project"
  region       = "us-central1"
  zone         = "us-central1-a"
  state_bucket = "my-project-bakeoff-state"
}

run "each_by_itself" {
  command = plan

  variables {
    project_id             = "My-Project"
    region                 = "us-central1-a"
    state_bucket           = "gs://state"
    name                   = "a-name-of-more-than-twenty"
    labels                 = { Team = "data" }
    network_cidr           = "8.8.0.0/20"
    subnetwork             = "projects/p/global/networks/n"
    service_account        = "nodes"
    vertex_service_account = "vertex"
    bucket                 = "gs://data"
    staging_bucket         = "gs://staging"
    temp_bucket            = "gs://temp"
    run_data_days          = 0
    scratch_days           = 0
    client_members         = { all = "allUsers" }
    cleaner_members        = { all = "allAuthenticatedUsers" }
    reader_members         = { all = "allUsers" }
    budget                 = { billing_account = "012345-6789AB-CDEF01", project_number = "123", amount_usd = 0 }
  }

  expect_failures = [
    var.project_id, var.region, var.state_bucket, var.name, var.labels, var.network_cidr, var.subnetwork, var.service_account,
    var.vertex_service_account, var.bucket, var.staging_bucket, var.temp_bucket, var.run_data_days, var.scratch_days,
    var.client_members, var.cleaner_members, var.reader_members, var.budget,
  ]
}

run "zone_elsewhere_a_label_of_ours_and_a_network_too_small" {
  command = plan

  variables {
    zone         = "europe-west1-b"
    labels       = { bakeoff-lease = "abc123" }
    network_cidr = "10.64.0.0/28"
  }

  expect_failures = [var.zone, var.labels, var.network_cidr]
}
