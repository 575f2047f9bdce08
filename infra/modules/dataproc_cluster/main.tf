# One Dataproc cluster, with an expiry that holds without its client, on internal addresses alone.

locals {
  single_node = var.shape.workers == 0

  # Agent metrics are the only source of memory and of disk use per node; the property is what older image versions read.
  properties = merge(
    { "dataproc:dataproc.monitoring.stackdriver.enable" = "true" },
    local.single_node ? { "dataproc:dataproc.allow.zero.workers" = "true" } : {},
  )

  accelerators = var.shape.accelerator_count == 0 ? {} : { (var.shape.accelerator_type) = var.shape.accelerator_count }
}

resource "google_dataproc_cluster" "this" {
  #checkov:skip=CKV_GCP_91:disks live for one lease and hold scratch data; Google's own keys encrypt them
  project = var.project_id
  region  = var.region
  name    = var.name
  labels  = var.labels

  cluster_config {
    # Named, or Dataproc would make buckets of the whole project, which nobody could tell from another's.
    staging_bucket = var.staging_bucket
    temp_bucket    = var.temp_bucket

    gce_cluster_config {
      zone             = var.zone
      subnetwork       = var.subnetwork
      internal_ip_only = true
      service_account  = var.service_account
      # What the nodes may do is said by the account's roles; a narrower scope would only break them in new ways.
      service_account_scopes = ["cloud-platform"]
      tags                   = [var.node_tag]

      metadata = {
        block-project-ssh-keys = "true"
        enable-oslogin         = "TRUE" # who may log in is for IAM to say
        bakeoff-dependencies   = var.dependencies_uri
      }

      shielded_instance_config {
        # GPU drivers are built on the node and signed by nobody: with Secure Boot they would not load.
        enable_secure_boot          = var.shape.accelerator_count == 0
        enable_vtpm                 = true
        enable_integrity_monitoring = true
      }
    }

    master_config {
      num_instances = 1
      machine_type  = var.shape.master_machine_type

      disk_config {
        boot_disk_type    = var.shape.disk_type
        boot_disk_size_gb = var.shape.disk_gb
      }

      dynamic "accelerators" {
        for_each = local.single_node ? local.accelerators : {}

        content {
          accelerator_type  = accelerators.key
          accelerator_count = accelerators.value
        }
      }
    }

    dynamic "worker_config" {
      for_each = local.single_node ? {} : { workers = var.shape.workers }

      content {
        num_instances = worker_config.value
        machine_type  = var.shape.machine_type

        disk_config {
          boot_disk_type    = var.shape.disk_type
          boot_disk_size_gb = var.shape.disk_gb
        }

        dynamic "accelerators" {
          for_each = local.accelerators

          content {
            accelerator_type  = accelerators.key
            accelerator_count = accelerators.value
          }
        }
      }
    }

    # Secondary workers have the machine type of the workers.
    dynamic "preemptible_worker_config" {
      for_each = var.shape.spot_workers == 0 ? {} : { spot = var.shape.spot_workers }

      content {
        num_instances  = preemptible_worker_config.value
        preemptibility = "SPOT"

        disk_config {
          boot_disk_type    = var.shape.disk_type
          boot_disk_size_gb = var.shape.disk_gb
        }
      }
    }

    software_config {
      image_version       = var.image_version
      override_properties = local.properties
    }

    # Installs from the bucket alone; without packages to install there is nothing to run.
    dynamic "initialization_action" {
      for_each = var.dependencies_uri == "" ? [] : ["${var.dependencies_uri}/install.sh"]

      content {
        script      = initialization_action.value
        timeout_sec = 600
      }
    }

    # Google deletes the cluster, whatever becomes of the client.
    lifecycle_config {
      auto_delete_time = var.expires_at
      idle_delete_ttl  = "${var.idle_delete_s}s"
    }

    dataproc_metric_config {
      metrics {
        metric_source = "MONITORING_AGENT_DEFAULTS"
      }

      metrics {
        metric_source = "SPARK"
      }
    }
  }

  timeouts {
    create = "30m"
    delete = "30m"
  }
}
