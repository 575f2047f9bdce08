# The shapes, and what holds for each of them.

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

run "private_and_shielded" {
  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].internal_ip_only == true
    error_message = "nodes have external addresses"
  }

  assert {
    condition = (
      google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].shielded_instance_config[0].enable_secure_boot == true &&
      google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].shielded_instance_config[0].enable_vtpm == true &&
      google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].shielded_instance_config[0].enable_integrity_monitoring == true
    )
    error_message = "nodes are not shielded: ${jsonencode(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].shielded_instance_config)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].metadata["block-project-ssh-keys"] == "true"
    error_message = "SSH keys of the project open the nodes"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].metadata["enable-oslogin"] == "TRUE"
    error_message = "keys in metadata, not IAM, say who may log in"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].service_account == "bakeoff-dataproc@my-project.iam.gserviceaccount.com" && google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].subnetwork == "bakeoff-nodes"
    error_message = "nodes are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].service_account)}"
  }
}

run "expires_without_its_client" {
  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].lifecycle_config[0].auto_delete_time == "2026-11-24T20:00:00Z" && google_dataproc_cluster.this.cluster_config[0].lifecycle_config[0].idle_delete_ttl == "1800s"
    error_message = "expiry is ${jsonencode(google_dataproc_cluster.this.cluster_config[0].lifecycle_config)}"
  }
}

run "known_as_ours" {
  assert {
    condition     = google_dataproc_cluster.this.labels == tomap({ bakeoff-lease = "abc123", bakeoff-scenario = "four-small-ssd", bakeoff-expires = "1795550400" }) && google_dataproc_cluster.this.name == "bakeoff-abc123"
    error_message = "labels are ${jsonencode(google_dataproc_cluster.this.labels)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].staging_bucket == "my-project-bakeoff-staging" && google_dataproc_cluster.this.cluster_config[0].temp_bucket == "my-project-bakeoff-temp"
    error_message = "Dataproc would make buckets of its own"
  }

  assert {
    condition     = toset(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].tags) == toset(["bakeoff"])
    error_message = "tags are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].tags)}"
  }
}

run "measured" {
  assert {
    condition     = toset([for metrics in google_dataproc_cluster.this.cluster_config[0].dataproc_metric_config[0].metrics : metrics.metric_source]) == toset(["MONITORING_AGENT_DEFAULTS", "SPARK"])
    error_message = "metrics are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].dataproc_metric_config)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].software_config[0].override_properties == tomap({ "dataproc:dataproc.monitoring.stackdriver.enable" = "true" })
    error_message = "properties are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].software_config[0].override_properties)}"
  }
}

run "a_master_and_workers" {
  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].worker_config[0].num_instances == 4 && google_dataproc_cluster.this.cluster_config[0].worker_config[0].machine_type == "n1-standard-2" && google_dataproc_cluster.this.cluster_config[0].master_config[0].machine_type == "n1-standard-4"
    error_message = "workers are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].worker_config)}"
  }

  assert {
    condition     = alltrue([for config in [google_dataproc_cluster.this.cluster_config[0].master_config[0], google_dataproc_cluster.this.cluster_config[0].worker_config[0]] : config.disk_config[0].boot_disk_type == "pd-ssd" && config.disk_config[0].boot_disk_size_gb == 200])
    error_message = "disks differ from the shape"
  }

  assert {
    condition     = length(google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config) == 0
    error_message = "there are secondary workers"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].initialization_action[0].script == "gs://my-project-bakeoff-data/dependencies/1a2b/install.sh" && google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].metadata["bakeoff-dependencies"] == "gs://my-project-bakeoff-data/dependencies/1a2b"
    error_message = "script is ${google_dataproc_cluster.this.cluster_config[0].initialization_action[0].script}"
  }
}

run "single_node_with_a_gpu" {
  variables {
    dependencies_uri = ""
    shape = {
      workers             = 0
      machine_type        = "n1-standard-8"
      master_machine_type = "n1-standard-8"
      disk_type           = "pd-ssd"
      disk_gb             = 1000
      accelerator_type    = "nvidia-tesla-t4"
      accelerator_count   = 1
    }
  }

  assert {
    condition     = length(google_dataproc_cluster.this.cluster_config[0].worker_config) == 0 && google_dataproc_cluster.this.cluster_config[0].software_config[0].override_properties["dataproc:dataproc.allow.zero.workers"] == "true"
    error_message = "workers are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].worker_config)}"
  }

  assert {
    condition     = one(google_dataproc_cluster.this.cluster_config[0].master_config[0].accelerators).accelerator_type == "nvidia-tesla-t4" && one(google_dataproc_cluster.this.cluster_config[0].master_config[0].accelerators).accelerator_count == 1
    error_message = "GPUs are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].master_config[0].accelerators)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].shielded_instance_config[0].enable_secure_boot == false && length(google_dataproc_cluster.this.cluster_config[0].initialization_action) == 0
    error_message = "a driver built on the node would not load"
  }
}

run "spot_workers" {
  variables {
    shape = {
      workers             = 2
      machine_type        = "n1-standard-4"
      master_machine_type = "n1-standard-4"
      disk_type           = "pd-balanced"
      disk_gb             = 100
      spot_workers        = 6
    }
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config[0].num_instances == 6 && google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config[0].preemptibility == "SPOT" && google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config[0].disk_config[0].boot_disk_type == "pd-balanced"
    error_message = "secondary workers are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config)}"
  }
}

run "gpus_on_the_workers" {
  variables {
    shape = {
      workers             = 2
      machine_type        = "n1-standard-4"
      master_machine_type = "n1-standard-4"
      disk_type           = "pd-balanced"
      disk_gb             = 100
      accelerator_type    = "nvidia-tesla-t4"
      accelerator_count   = 2
    }
  }

  assert {
    condition     = length(google_dataproc_cluster.this.cluster_config[0].master_config[0].accelerators) == 0 && one(google_dataproc_cluster.this.cluster_config[0].worker_config[0].accelerators).accelerator_count == 2
    error_message = "GPUs are not on the workers"
  }
}
