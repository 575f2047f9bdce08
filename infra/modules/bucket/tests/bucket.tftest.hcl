# Scratch and state.

mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "my-project-bakeoff-data"
  location   = "us-central1"
}

run "closed_to_the_public" {
  assert {
    condition     = google_storage_bucket.this.uniform_bucket_level_access == true && google_storage_bucket.this.public_access_prevention == "enforced"
    error_message = "access is ${google_storage_bucket.this.public_access_prevention}, uniform: ${google_storage_bucket.this.uniform_bucket_level_access}"
  }

  assert {
    condition     = google_storage_bucket.this.force_destroy == false
    error_message = "destroy would delete what is in the bucket"
  }

  assert {
    condition     = [for rule in google_storage_bucket.this.lifecycle_rule : one(rule.action).type] == ["AbortIncompleteMultipartUpload"]
    error_message = "rules are ${jsonencode(google_storage_bucket.this.lifecycle_rule)}"
  }
}

run "scratch_expires_and_has_no_versions" {
  variables {
    expire_days = { "leases/" = 14, "" = 365 }
    labels      = { team = "data" }
  }

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled == false && google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "scratch is kept after its deletion"
  }

  assert {
    condition     = { for rule in google_storage_bucket.this.lifecycle_rule : join("", coalesce(one(rule.condition).matches_prefix, [])) => one(rule.condition).age if one(rule.action).type == "Delete" } == { "" = 365, "leases/" = 14 }
    error_message = "rules are ${jsonencode(google_storage_bucket.this.lifecycle_rule)}"
  }

  assert {
    condition     = google_storage_bucket.this.labels == tomap({ team = "data" })
    error_message = "labels are ${jsonencode(google_storage_bucket.this.labels)}"
  }
}

run "state_has_versions" {
  variables {
    versioning = true
  }

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled == true && google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 604800
    error_message = "an overwritten state would be lost"
  }

  assert {
    condition     = [for rule in google_storage_bucket.this.lifecycle_rule : one(rule.condition).num_newer_versions if one(rule.action).type == "Delete"] == [20]
    error_message = "rules are ${jsonencode(google_storage_bucket.this.lifecycle_rule)}"
  }
}
