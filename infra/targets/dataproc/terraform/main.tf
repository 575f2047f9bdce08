# One Dataproc cluster for one lease, with an expiry that holds without its client, on internal addresses alone. Network,
# accounts and buckets are the foundation's, so that a lease takes no quota but that of its machines.

provider "google" {
  project = var.project_id
  region  = var.region
}

module "shape" {
  source = "../../../modules/shape"

  name                = var.name
  workers             = var.workers
  machine_type        = var.machine_type
  master_machine_type = var.master_machine_type
  disk_type           = var.disk_type
  disk_gb             = var.disk_gb
  spot_workers        = var.spot_workers
  accelerator_type    = var.accelerator_type
  accelerator_count   = var.accelerator_count
}

locals {
  single_node  = var.workers == 0
  accelerators = var.accelerator_count == 0 ? {} : { (var.accelerator_type) = var.accelerator_count }
  expires_at   = timeadd("1970-01-01T00:00:00Z", "${var.expires_unix_s}s")
}

# No rule of variables.tf, because a cluster must still be destroyed when its time is up. The client refuses such a lease.
check "life" {
  assert {
    condition     = timecmp(local.expires_at, timeadd(plantimestamp(), "900s")) >= 0
    error_message = "expires_unix_s should be 900 s from now at least, because Dataproc takes no cluster with less than 600 s to live when it begins to make it; received ${var.expires_unix_s}, which is ${local.expires_at}."
  }
}

resource "google_dataproc_cluster" "this" {
  #checkov:skip=CKV_GCP_91:disks live for one lease and hold scratch data; Google's own keys encrypt them
  project = var.project_id
  region  = var.region
  name    = "bakeoff-${var.lease_id}"

  labels = merge(var.labels, {
    bakeoff-lease    = var.lease_id
    bakeoff-scenario = var.name
    bakeoff-expires  = tostring(var.expires_unix_s)
  })

  cluster_config {
    # Named, or Dataproc would make buckets of the whole project, which nobody could tell from another's.
    staging_bucket = var.staging_bucket
    temp_bucket    = var.temp_bucket

    gce_cluster_config {
      zone             = var.zone
      subnetwork       = var.subnetwork
      internal_ip_only = true
      service_account  = var.service_account
      tags             = ["bakeoff"] # foundation's firewall lets machines with this tag reach each other

      # What the nodes may do is said by the account's roles. Dataproc adds the last three to any list, and a list that
      # differs from what it returns makes the next apply replace the cluster (provider issue 14956).
      service_account_scopes = ["cloud-platform", "useraccounts-ro", "storage-rw", "logging-write"]

      metadata = {
        block-project-ssh-keys = "true"
        enable-oslogin         = "TRUE" # who may log in is for IAM to say
        bakeoff-dependencies   = var.dependencies_uri
      }

      shielded_instance_config {
        # GPU drivers are built on the node and signed by nobody: with Secure Boot they would not load.
        enable_secure_boot          = var.accelerator_count == 0
        enable_vtpm                 = true
        enable_integrity_monitoring = true
      }
    }

    master_config {
      num_instances = 1
      machine_type  = var.master_machine_type

      disk_config {
        boot_disk_type    = var.disk_type
        boot_disk_size_gb = var.disk_gb
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
      for_each = local.single_node ? {} : { workers = var.workers }

      content {
        num_instances = worker_config.value
        machine_type  = var.machine_type

        disk_config {
          boot_disk_type    = var.disk_type
          boot_disk_size_gb = var.disk_gb
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
      for_each = var.spot_workers == 0 ? {} : { spot = var.spot_workers }

      content {
        num_instances  = preemptible_worker_config.value
        preemptibility = "SPOT"

        disk_config {
          boot_disk_type    = var.disk_type
          boot_disk_size_gb = var.disk_gb
        }
      }
    }

    software_config {
      image_version       = var.image_version
      override_properties = local.single_node ? { "dataproc:dataproc.allow.zero.workers" = "true" } : {}
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
      auto_delete_time = local.expires_at
      idle_delete_ttl  = "${var.idle_delete_s}s"
    }
  }

  timeouts {
    create = "30m"
    delete = "30m"
  }
}
