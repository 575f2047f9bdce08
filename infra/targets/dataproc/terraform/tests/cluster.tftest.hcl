# Shapes, what holds for each of them, and the cluster output with the keys of the local target.

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

run "private_and_shielded" {
  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].internal_ip_only == true && google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].subnetwork == "bakeoff-nodes"
    error_message = "nodes have external addresses, or lie in another network"
  }

  assert {
    condition     = alltrue([for part in ["enable_secure_boot", "enable_vtpm", "enable_integrity_monitoring"] : google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].shielded_instance_config[0][part] == true])
    error_message = "nodes are not shielded"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].metadata["block-project-ssh-keys"] == "true" && google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].metadata["enable-oslogin"] == "TRUE"
    error_message = "keys in metadata, not IAM, say who may log in"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].service_account == var.service_account && google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].service_account_scopes == toset(["cloud-platform", "useraccounts-ro", "storage-rw", "logging-write"])
    error_message = "the next apply would replace the cluster: scopes are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].service_account_scopes)}"
  }
}

run "known_as_ours_until_it_expires" {
  assert {
    condition     = google_dataproc_cluster.this.labels == tomap({ team = "data", bakeoff-lease = "abc123", bakeoff-scenario = "four-small-ssd", bakeoff-expires = "4102444800" }) && google_dataproc_cluster.this.name == "bakeoff-abc123"
    error_message = "labels are ${jsonencode(google_dataproc_cluster.this.labels)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].lifecycle_config[0].auto_delete_time == "2100-01-01T00:00:00Z" && google_dataproc_cluster.this.cluster_config[0].lifecycle_config[0].idle_delete_ttl == "1800s"
    error_message = "expiry is ${jsonencode(google_dataproc_cluster.this.cluster_config[0].lifecycle_config)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].staging_bucket == var.staging_bucket && google_dataproc_cluster.this.cluster_config[0].temp_bucket == var.temp_bucket
    error_message = "Dataproc would make buckets of its own"
  }

  assert {
    condition     = toset(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].tags) == toset(["bakeoff"])
    error_message = "tags are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].tags)}"
  }
}

run "a_master_and_workers" {
  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].worker_config[0].num_instances == 4 && google_dataproc_cluster.this.cluster_config[0].worker_config[0].machine_type == "n1-standard-2" && google_dataproc_cluster.this.cluster_config[0].master_config[0].machine_type == "n1-standard-4"
    error_message = "workers are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].worker_config)}"
  }

  assert {
    condition     = alltrue([for node in [google_dataproc_cluster.this.cluster_config[0].master_config[0], google_dataproc_cluster.this.cluster_config[0].worker_config[0]] : node.disk_config[0].boot_disk_type == "pd-ssd" && node.disk_config[0].boot_disk_size_gb == 200])
    error_message = "disks differ from the shape"
  }

  assert {
    condition     = length(google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config) == 0 && length(google_dataproc_cluster.this.cluster_config[0].dataproc_metric_config) == 0
    error_message = "there are secondary workers, or metrics that are billed and not read"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].software_config[0].image_version == "2.3-debian12" && length(google_dataproc_cluster.this.cluster_config[0].software_config[0].override_properties) == 0
    error_message = "software is ${jsonencode(google_dataproc_cluster.this.cluster_config[0].software_config)}"
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].initialization_action[0].script == "${var.dependencies_uri}/install.sh" && google_dataproc_cluster.this.cluster_config[0].gce_cluster_config[0].metadata["bakeoff-dependencies"] == var.dependencies_uri
    error_message = "script is ${google_dataproc_cluster.this.cluster_config[0].initialization_action[0].script}"
  }

  assert {
    condition     = join(",", keys(output.cluster.nodes)) == "m,w-0,w-1,w-2,w-3" && output.cluster.nodes["w-3"].instance == "bakeoff-abc123-w-3" && output.cluster.nodes["w-3"].memory_gb == 7.5
    error_message = "nodes are ${jsonencode(output.cluster.nodes)}"
  }

  assert {
    condition     = output.cluster.target == "gcp" && output.cluster.isolation == "cloud" && output.cluster.cluster_name == "bakeoff-abc123" && output.cluster.bucket == var.bucket && output.cluster.expires_at == "2100-01-01T00:00:00Z"
    error_message = "cluster is ${jsonencode(output.cluster)}"
  }
}

run "single_node_with_a_gpu" {
  variables {
    workers             = 0
    machine_type        = "n1-standard-8"
    master_machine_type = "n1-standard-8"
    accelerator_type    = "nvidia-tesla-t4"
    accelerator_count   = 1
    dependencies_uri    = ""
  }

  assert {
    condition     = length(google_dataproc_cluster.this.cluster_config[0].worker_config) == 0 && google_dataproc_cluster.this.cluster_config[0].software_config[0].override_properties == tomap({ "dataproc:dataproc.allow.zero.workers" = "true" })
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

  assert {
    condition     = output.cluster.nodes.m.role == "single" && length(output.cluster.nodes) == 1
    error_message = "nodes are ${jsonencode(output.cluster.nodes)}"
  }
}

run "gpus_on_the_workers" {
  variables {
    accelerator_type  = "nvidia-tesla-t4"
    accelerator_count = 2
  }

  assert {
    condition     = length(google_dataproc_cluster.this.cluster_config[0].master_config[0].accelerators) == 0 && one(google_dataproc_cluster.this.cluster_config[0].worker_config[0].accelerators).accelerator_count == 2
    error_message = "GPUs are not on the workers"
  }
}

run "spot_workers_are_counted" {
  variables {
    spot_workers = 6
  }

  assert {
    condition     = google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config[0].num_instances == 6 && google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config[0].preemptibility == "SPOT" && google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config[0].disk_config[0].boot_disk_type == "pd-ssd"
    error_message = "secondary workers are ${jsonencode(google_dataproc_cluster.this.cluster_config[0].preemptible_worker_config)}"
  }

  assert {
    condition     = output.cluster.spot_workers == 6 && length(output.cluster.nodes) == 5
    error_message = "cluster is ${jsonencode(output.cluster)}"
  }
}
