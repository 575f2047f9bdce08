# What people and CI need to run bakeoff: make and delete clusters and training jobs, read metrics, sweep up what is left.
# They may act as the nodes' accounts (service_account's users), and so need few rights of their own.

locals {
  roles = [
    "roles/aiplatform.user",
    "roles/compute.viewer",
    "roles/dataproc.editor",
    "roles/monitoring.viewer",
    "roles/serviceusage.serviceUsageViewer",
    "roles/storage.bucketViewer",
  ]
  # extract() gives what follows, and nothing where the name has no such part (cloud.google.com/iam/docs/conditions-attribute-reference).
  ours = join(" || ", [
    for type, collection in { Disk = "disks", Instance = "instances" } :
    "(resource.type == 'compute.googleapis.com/${type}' && resource.name.extract('/${collection}/{name}').startsWith('bakeoff-'))"
  ])

  project_grants = { for pair in setproduct(keys(var.members), local.roles) : "${pair[0]} ${pair[1]}" => { member = var.members[pair[0]], role = pair[1] } }
  bucket_grants  = { for pair in setproduct(keys(var.members), keys(var.buckets)) : "${pair[0]} ${pair[1]}" => { member = var.members[pair[0]], bucket = var.buckets[pair[1]] } }
}

resource "google_project_iam_member" "this" {
  for_each = local.project_grants

  project = var.project_id
  role    = each.value.role
  member  = each.value.member
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.bucket_grants

  bucket = each.value.bucket
  role   = "roles/storage.objectUser"
  member = each.value.member
}

# Dataproc removes the machines and disks of a cluster; this is for those that outlived one.
# A condition narrows it to our names. Addresses and firewalls are not in it: IAM sees neither type nor name of an address, and who
# deletes a firewall must be able to change its network. No lease makes either. Nor does it see those of Dataproc's clusters and jobs
# (cloud.google.com/iam/docs/conditions-resource-attributes lists what has them): roles/dataproc.editor above has no condition.
resource "google_project_iam_custom_role" "sweeper" {
  count = length(var.members) > 0 ? 1 : 0

  project     = var.project_id
  role_id     = var.sweeper_role_id
  title       = "bakeoff clean"
  description = "Deletes machines and disks that outlived their cluster."
  permissions = ["compute.disks.delete", "compute.instances.delete"]
}

resource "google_project_iam_member" "sweeper" {
  for_each = var.members

  project = var.project_id
  role    = google_project_iam_custom_role.sweeper[0].name
  member  = each.value

  condition {
    title       = "named bakeoff-"
    description = "Nothing whose name begins otherwise."
    expression  = local.ours
  }
}
