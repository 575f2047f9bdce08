# What people and CI need to run bakeoff: make and delete clusters and training jobs, read metrics, sweep up what is left.
# They may act as the nodes' accounts (users of main.tf's accounts), and so need few rights of their own.

locals {
  # Who only cleans may not act as the nodes' accounts. It is no wall: with these roles it can run a job as an account of
  # Google's own, and change what the data bucket holds.
  clients = merge(var.client_members, { for name, member in var.cleaner_members : "clean ${name}" => member })
  client_roles = [
    "roles/aiplatform.user",
    "roles/compute.viewer",
    "roles/dataproc.editor",
    "roles/monitoring.viewer",
    "roles/serviceusage.serviceUsageConsumer", # a user's requests count against the quota of this project
    "roles/serviceusage.serviceUsageViewer",
    "roles/storage.bucketViewer",
  ]
  client_buckets = merge(local.buckets, { state = var.state_bucket })

  # extract() gives what follows, and nothing where the name has no such part (cloud.google.com/iam/docs/conditions-attribute-reference).
  ours = join(" || ", [
    for type, collection in { Disk = "disks", Instance = "instances" } :
    "(resource.type == 'compute.googleapis.com/${type}' && resource.name.extract('/${collection}/{name}').startsWith('bakeoff-'))"
  ])
}

resource "google_project_iam_member" "client" {
  for_each = { for pair in setproduct(keys(local.clients), local.client_roles) : "${pair[0]} ${pair[1]}" => { member = local.clients[pair[0]], role = pair[1] } }

  project = var.project_id
  role    = each.value.role
  member  = each.value.member
}

resource "google_storage_bucket_iam_member" "client" {
  for_each = { for pair in setproduct(keys(local.clients), keys(local.client_buckets)) : "${pair[0]} ${pair[1]}" => { member = local.clients[pair[0]], bucket = local.client_buckets[pair[1]] } }

  bucket = each.value.bucket
  role   = "roles/storage.objectUser"
  member = each.value.member
}

# Records lie in the data bucket (--runs gs://...): a review in a pull request reads them and writes nothing.
resource "google_storage_bucket_iam_member" "reader" {
  for_each = var.reader_members

  bucket = local.buckets.data
  role   = "roles/storage.objectViewer"
  member = each.value
}

# Dataproc removes the machines and disks of a cluster; this is for those that outlived one.
# A condition narrows it to our names. Addresses and firewalls are not in it: IAM sees neither type nor name of an address, and who
# deletes a firewall must be able to change its network. No lease makes either. Nor does it see those of Dataproc's clusters and jobs
# (cloud.google.com/iam/docs/conditions-resource-attributes lists what has them): roles/dataproc.editor above has no condition.
resource "google_project_iam_custom_role" "sweeper" {
  count = length(local.clients) > 0 ? 1 : 0

  project     = var.project_id
  role_id     = "bakeoffSweeper"
  title       = "bakeoff clean"
  description = "Deletes machines and disks that outlived their cluster."
  permissions = ["compute.disks.delete", "compute.instances.delete"]
}

resource "google_project_iam_member" "sweeper" {
  for_each = local.clients

  project = var.project_id
  role    = google_project_iam_custom_role.sweeper[0].name
  member  = each.value

  condition {
    title       = "named bakeoff-"
    description = "Nothing whose name begins otherwise."
    expression  = local.ours
  }
}
