# Each rule of variables.tf refuses what breaks it; those of the shape are tested in modules/shape.

mock_provider "google" {}

variables {
  name                = "four-small-ssd"
  workers             = 4
  machine_type        = "n1-standard-2"
  master_machine_type = "n1-standard-4"
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
  dependencies_uri    = "gs://my-project-bakeoff-data/dependencies/1a2b"
  expires_unix_s      = 4102444800
  labels              = { team = "data" }
}

run "each_by_itself" {
  command = plan

  variables {
    machine_type        = "n1-standard-1"
    master_machine_type = "n1-standard-1"
    accelerator_type    = "projects/p/zones/z/acceleratorTypes/nvidia-tesla-t4"
    accelerator_count   = 1
    lease_id            = "ABC123"
    project_id          = "My-Project"
    region              = "us-central1-a"
    subnetwork          = "projects/p/global/networks/n"
    service_account     = "123-compute@developer.gserviceaccount.com"
    bucket              = "gs://data"
    staging_bucket      = "gs://staging"
    temp_bucket         = "gs://temp"
    image_version       = "2.1-debian11"
    dependencies_uri    = "/tmp/wheels"
    expires_unix_s      = 1795550400.5
    idle_delete_s       = 60
    labels              = { Team = "data" }
  }

  expect_failures = [
    var.machine_type, var.master_machine_type, var.accelerator_type, var.lease_id, var.project_id, var.region, var.subnetwork,
    var.service_account, var.bucket, var.staging_bucket, var.temp_bucket, var.image_version, var.dependencies_uri,
    var.expires_unix_s, var.idle_delete_s, var.labels,
  ]
}

run "zone_elsewhere_and_a_label_of_ours" {
  command = plan

  variables {
    zone             = "europe-west1-b"
    dependencies_uri = "gs://data/deps/"
    labels           = { bakeoff-lease = "zzz999" }
  }

  expect_failures = [var.zone, var.dependencies_uri, var.labels]
}

run "a_life_too_short" {
  command = plan

  variables {
    expires_unix_s = 1795550400
  }

  expect_failures = [check.life]
}

run "exact_image_of_the_newest_line" {
  command = plan

  variables {
    image_version = "3.0.12-ubuntu24"
  }
}
