# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  name                = "four-small-ssd"
  workers             = 4
  machine_type        = "n1-standard-2"
  master_machine_type = "n1-standard-2"
  disk_type           = "pd-ssd"
  disk_gb             = 200
  lease_id            = "abc123"
  project_id          = "my-project"
  region              = "us-central1"
  zone                = "us-central1-a"
  subnetwork          = "bakeoff-nodes"
  service_account     = "bakeoff-dataproc@my-project.iam.gserviceaccount.com"
  bucket              = "my-project-bakeoff-data"
  staging_bucket      = "my-project-bakeoff-staging"
  temp_bucket         = "my-project-bakeoff-temp"
  expires_at          = "2026-11-24T20:00:00.123456+00:00"
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "Four"
  }

  expect_failures = [var.name]
}

run "one_worker" {
  command = plan

  variables {
    workers = 1
  }

  expect_failures = [var.workers]
}

run "unknown_machine_type" {
  command = plan

  variables {
    machine_type = "n1-standard-3"
  }

  expect_failures = [var.machine_type]
}

run "unknown_master" {
  command = plan

  variables {
    master_machine_type = "huge"
  }

  expect_failures = [var.master_machine_type]
}

run "single_node_of_two_types" {
  command = plan

  variables {
    workers             = 0
    master_machine_type = "n1-standard-8"
  }

  expect_failures = [var.master_machine_type]
}

run "unknown_disk_type" {
  command = plan

  variables {
    disk_type = "ssd"
  }

  expect_failures = [var.disk_type]
}

run "disk_too_small" {
  command = plan

  variables {
    disk_gb = 9
  }

  expect_failures = [var.disk_gb]
}

run "half_a_spot_worker" {
  command = plan

  variables {
    spot_workers = 0.5
  }

  expect_failures = [var.spot_workers]
}

run "spot_workers_without_workers" {
  command = plan

  variables {
    workers      = 0
    spot_workers = 2
  }

  expect_failures = [var.spot_workers]
}

run "gpus_without_a_type" {
  command = plan

  variables {
    accelerator_count = 1
  }

  expect_failures = [var.accelerator_type]
}

run "gpu_by_its_url" {
  command = plan

  variables {
    accelerator_type  = "projects/p/zones/z/acceleratorTypes/nvidia-tesla-t4"
    accelerator_count = 1
  }

  expect_failures = [var.accelerator_type]
}

run "too_many_gpus" {
  command = plan

  variables {
    accelerator_type  = "nvidia-tesla-t4"
    accelerator_count = 9
  }

  expect_failures = [var.accelerator_count]
}

run "lease_id_with_capitals" {
  command = plan

  variables {
    lease_id = "ABC123"
  }

  expect_failures = [var.lease_id]
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

run "image_with_another_spark" {
  command = plan

  variables {
    image_version = "2.1-debian11"
  }

  expect_failures = [var.image_version]
}

run "dependencies_on_disk" {
  command = plan

  variables {
    dependencies_uri = "/tmp/wheels"
  }

  expect_failures = [var.dependencies_uri]
}

run "expiry_in_another_zone" {
  command = plan

  variables {
    expires_at = "2026-11-24T20:00:00+01:00"
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
    labels = { Team = "data" }
  }

  expect_failures = [var.labels]
}

run "label_of_ours" {
  command = plan

  variables {
    labels = { bakeoff-lease = "zzz999" }
  }

  expect_failures = [var.labels]
}
