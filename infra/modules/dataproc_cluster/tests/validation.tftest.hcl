# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  project_id       = "my-project"
  name             = "bakeoff-abc123"
  region           = "us-central1"
  zone             = "us-central1-a"
  subnetwork       = "bakeoff-nodes"
  service_account  = "bakeoff-dataproc@my-project.iam.gserviceaccount.com"
  staging_bucket   = "my-project-bakeoff-staging"
  temp_bucket      = "my-project-bakeoff-temp"
  image_version    = "2.2-debian12"
  dependencies_uri = "gs://my-project-bakeoff-data/dependencies/1a2b"
  expires_at       = "2026-11-24T20:00:00Z"
  idle_delete_s    = 1800
  labels           = { bakeoff-lease = "abc123", bakeoff-scenario = "four-small-ssd", bakeoff-expires = "1795550400" }
  shape = {
    workers             = 4
    machine_type        = "n1-standard-2"
    master_machine_type = "n1-standard-4"
    disk_type           = "pd-ssd"
    disk_gb             = 200
  }
}

run "project_with_capitals" {
  command = plan

  variables {
    project_id = "My-Project"
  }

  expect_failures = [var.project_id]
}

run "name_without_a_lease" {
  command = plan

  variables {
    name = "bakeoff"
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

run "zone_elsewhere" {
  command = plan

  variables {
    zone = "europe-west1-b"
  }

  expect_failures = [var.zone]
}

run "network_as_subnetwork" {
  command = plan

  variables {
    subnetwork = "projects/p/global/networks/n"
  }

  expect_failures = [var.subnetwork]
}

run "default_account" {
  command = plan

  variables {
    service_account = "123-compute@developer.gserviceaccount.com"
  }

  expect_failures = [var.service_account]
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

run "tag_with_underscore" {
  command = plan

  variables {
    node_tag = "bake_off"
  }

  expect_failures = [var.node_tag]
}

run "one_worker" {
  command = plan

  variables {
    shape = {
      workers             = 1
      machine_type        = "n1-standard-2"
      master_machine_type = "n1-standard-2"
      disk_type           = "pd-ssd"
      disk_gb             = 200

    }
  }

  expect_failures = [var.shape]
}

run "gpus_without_a_type" {
  command = plan

  variables {
    shape = {
      workers             = 2
      machine_type        = "n1-standard-2"
      master_machine_type = "n1-standard-2"
      disk_type           = "pd-ssd"
      disk_gb             = 200
      accelerator_count   = 1
    }
  }

  expect_failures = [var.shape]
}

run "spot_workers_with_gpus" {
  command = plan

  variables {
    shape = {
      workers             = 2
      machine_type        = "n1-standard-2"
      master_machine_type = "n1-standard-2"
      disk_type           = "pd-ssd"
      disk_gb             = 200
      spot_workers        = 2
      accelerator_type    = "nvidia-tesla-t4"
      accelerator_count   = 1
    }
  }

  expect_failures = [var.shape]
}

run "image_with_another_spark" {
  command = plan

  variables {
    image_version = "2.1-debian11"
  }

  expect_failures = [var.image_version]
}

run "dependencies_with_a_last_slash" {
  command = plan

  variables {
    dependencies_uri = "gs://data/deps/"
  }

  expect_failures = [var.dependencies_uri]
}

run "expiry_without_a_zone" {
  command = plan

  variables {
    expires_at = "2026-11-24T20:00:00"
  }

  expect_failures = [var.expires_at]
}

run "idle_for_a_minute" {
  command = plan

  variables {
    idle_delete_s = 60
  }

  expect_failures = [var.idle_delete_s]
}

run "label_with_capitals" {
  command = plan

  variables {
    labels = { Team = "data", bakeoff-lease = "abc123", bakeoff-scenario = "s", bakeoff-expires = "1" }
  }

  expect_failures = [var.labels]
}

run "no_lease_label" {
  command = plan

  variables {
    labels = { bakeoff-scenario = "s", bakeoff-expires = "1" }
  }

  expect_failures = [var.labels]
}
