mock_provider "google" {}

variables {
  project_id = "my-project"
}

run "nobody_by_default" {
  assert {
    condition     = length(google_project_iam_member.this) + length(google_storage_bucket_iam_member.this) + length(google_project_iam_custom_role.sweeper) == 0
    error_message = "somebody has rights that nobody asked for"
  }
}

run "a_group" {
  variables {
    members = { team = "group:data@example.com" }
    buckets = { data = "my-project-bakeoff-data", state = "my-project-bakeoff-state" }
  }

  assert {
    condition     = toset([for grant in google_project_iam_member.this : grant.role]) == toset(["roles/aiplatform.user", "roles/compute.viewer", "roles/dataproc.editor", "roles/monitoring.viewer", "roles/serviceusage.serviceUsageViewer", "roles/storage.bucketViewer"])
    error_message = "roles are ${jsonencode([for grant in google_project_iam_member.this : grant.role])}"
  }

  assert {
    condition     = toset([for grant in google_storage_bucket_iam_member.this : "${grant.bucket} ${grant.role}"]) == toset(["my-project-bakeoff-data roles/storage.objectUser", "my-project-bakeoff-state roles/storage.objectUser"])
    error_message = "bucket roles are ${jsonencode([for grant in google_storage_bucket_iam_member.this : grant.role])}"
  }

  assert {
    condition     = toset(google_project_iam_custom_role.sweeper[0].permissions) == toset(["compute.disks.delete", "compute.instances.delete"])
    error_message = "permissions are ${jsonencode(google_project_iam_custom_role.sweeper[0].permissions)}"
  }

  assert {
    condition = [for grant in google_project_iam_member.sweeper : one(grant.condition[*].expression)] == [join(" || ", [
      "(resource.type == 'compute.googleapis.com/Disk' && resource.name.extract('/disks/{name}').startsWith('bakeoff-'))",
      "(resource.type == 'compute.googleapis.com/Instance' && resource.name.extract('/instances/{name}').startsWith('bakeoff-'))",
    ])]
    error_message = "what is not ours may be deleted: ${jsonencode([for grant in google_project_iam_member.sweeper : grant.condition])}"
  }
}
