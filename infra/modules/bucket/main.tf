# A bucket that cannot be made public: access by IAM alone, and what is scratch expires by itself.

resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_62:who reads and writes is in Cloud Audit Logs; a bucket of access logs would itself need keeping
  #checkov:skip=CKV_GCP_78:versions are for state alone (var.versioning); of scratch data they would only be a bill
  project                     = var.project_id
  name                        = var.name
  location                    = var.location
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy

  versioning {
    enabled = var.versioning
  }

  # Scratch that is deleted is gone: soft delete would bill a week of it.
  soft_delete_policy {
    retention_duration_seconds = var.versioning ? 604800 : 0
  }

  dynamic "lifecycle_rule" {
    for_each = var.expire_days

    content {
      action {
        type = "Delete"
      }

      condition {
        age            = lifecycle_rule.value
        matches_prefix = lifecycle_rule.key == "" ? null : [lifecycle_rule.key]
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.versioning ? { old_versions = 20 } : {}

    content {
      action {
        type = "Delete"
      }

      condition {
        num_newer_versions = lifecycle_rule.value
        with_state         = "ARCHIVED"
      }
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
