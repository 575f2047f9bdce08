# Buckets that cannot be made public: access by IAM alone. Nothing in them has versions, and what is deleted is gone: soft
# delete would bill a week of scratch.

# Datasets, packages and records, which stay, and leases/, which expires.
resource "google_storage_bucket" "data" {
  #checkov:skip=CKV_GCP_62:who reads and writes is in Cloud Audit Logs; a bucket of access logs would itself need keeping
  #checkov:skip=CKV_GCP_78:versions are for Terraform's state alone; of data they would only be a bill
  count = var.bucket == null ? 1 : 0

  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-data"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = false
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age            = var.run_data_days
      matches_prefix = ["leases/"]
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

  # Records cannot be made again.
  lifecycle {
    prevent_destroy = true
  }
}

# What Dataproc stages, and its short-lived data.
resource "google_storage_bucket" "scratch" {
  #checkov:skip=CKV_GCP_62:who reads and writes is in Cloud Audit Logs; a bucket of access logs would itself need keeping
  #checkov:skip=CKV_GCP_78:versions are for Terraform's state alone; of scratch they would only be a bill
  for_each = toset([for purpose, given in { staging = var.staging_bucket, temp = var.temp_bucket } : purpose if given == null])

  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-${each.key}"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = false
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = var.scratch_days
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
}
