# Once per project: where states are kept, which APIs are on, and how CI gets in without a key.

provider "google" {
  project = var.project_id
  region  = var.region
}

locals {
  services = [
    "aiplatform.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "dataproc.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ]
  ci           = var.github_repository == null ? 0 : 1
  state_bucket = var.state_bucket != null ? var.state_bucket : google_storage_bucket.state[0].name
}

# They stay on when this is destroyed: others may have come to need them.
resource "google_project_service" "this" {
  for_each = toset(local.services)

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

# Versions, because a broken state is mended by the one before it. The gcs backend locks each state with an object of its own.
resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62:who reads and writes is in Cloud Audit Logs; a bucket of access logs would itself need keeping
  count      = var.state_bucket == null ? 1 : 0
  depends_on = [google_project_service.this]

  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-state"
  location                    = var.region
  labels                      = merge(var.labels, { bakeoff = "bootstrap" })
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions = 20
      with_state         = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 1
    }
  }

  # Without its state, Terraform knows nothing of what it made.
  lifecycle {
    prevent_destroy = true
  }
}
