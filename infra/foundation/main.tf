# What a team's leases share: network, buckets, accounts, dashboard. Whatever a company forbids us to make can be given.

provider "google" {
  project = var.project_id
  region  = var.region
}

locals {
  node_tag = "bakeoff"
  labels   = merge(var.labels, { bakeoff = "foundation" })

  # Those of ours that are made, by what they are for: where leases write expires under leases/, records stay.
  made_buckets = {
    for purpose, bucket in {
      data    = { given = var.bucket, expire_days = { "leases/" = var.run_data_days } }
      staging = { given = var.staging_bucket, expire_days = { "" = var.scratch_days } }
      temp    = { given = var.temp_bucket, expire_days = { "" = var.scratch_days } }
    } : purpose => bucket.expire_days if bucket.given == null
  }
  buckets = {
    data    = var.bucket != null ? var.bucket : module.bucket["data"].name
    staging = var.staging_bucket != null ? var.staging_bucket : module.bucket["staging"].name
    temp    = var.temp_bucket != null ? var.temp_bucket : module.bucket["temp"].name
  }
  subnetwork             = var.subnetwork != null ? var.subnetwork : module.network[0].subnetwork
  service_account        = var.service_account != null ? var.service_account : module.dataproc_account[0].email
  vertex_service_account = var.vertex_service_account != null ? var.vertex_service_account : module.vertex_account[0].email

  # Read by infra/targets/google/settings.py. JSON strings are TOML strings.
  settings = {
    project_id             = var.project_id
    region                 = var.region
    zone                   = var.zone
    subnetwork             = local.subnetwork
    service_account        = local.service_account
    vertex_service_account = local.vertex_service_account
    bucket                 = local.buckets.data
    staging_bucket         = local.buckets.staging
    temp_bucket            = local.buckets.temp
    state_bucket           = var.state_bucket
  }
}

module "network" {
  source = "../modules/network"
  count  = var.subnetwork == null ? 1 : 0

  project_id = var.project_id
  name       = var.name
  region     = var.region
  cidr       = var.network_cidr
  node_tag   = local.node_tag
  nat        = var.nat
}

module "bucket" {
  source   = "../modules/bucket"
  for_each = local.made_buckets

  project_id  = var.project_id
  name        = "${var.project_id}-${var.name}-${each.key}"
  location    = var.region
  labels      = local.labels
  expire_days = each.value
}

# Records lie in the data bucket (--runs gs://...): a review in a pull request reads them and writes nothing.
resource "google_storage_bucket_iam_member" "reader" {
  for_each = var.reader_members

  bucket = local.buckets.data
  role   = "roles/storage.objectViewer"
  member = each.value
}

# dataproc.worker is what Google demands of the nodes' account. It reaches every bucket of the project, so a project of
# its own is the better place (README.md).
module "dataproc_account" {
  source = "../modules/service_account"
  count  = var.service_account == null ? 1 : 0

  project_id    = var.project_id
  account_id    = "${var.name}-dataproc"
  display_name  = "Nodes of bakeoff's Dataproc clusters"
  project_roles = ["roles/dataproc.worker"]
  bucket_roles  = { for purpose, bucket in local.buckets : purpose => { bucket = bucket, role = "roles/storage.objectUser" } }
  users         = var.client_members
}

module "vertex_account" {
  source = "../modules/service_account"
  count  = var.vertex_service_account == null ? 1 : 0

  project_id    = var.project_id
  account_id    = "${var.name}-vertex"
  display_name  = "Machines of bakeoff's Vertex AI training jobs"
  project_roles = ["roles/logging.logWriter", "roles/monitoring.metricWriter"]
  bucket_roles  = { data = { bucket = local.buckets.data, role = "roles/storage.objectUser" } }
  users         = var.client_members
}

module "clients" {
  source = "../modules/client_access"

  project_id = var.project_id
  # Who only cleans may not act as the nodes' accounts. It is no wall: with these roles it can run a job as an account of Google's
  # own, and change what the data bucket holds.
  members = merge(var.client_members, { for name, member in var.cleaner_members : "clean ${name}" => member })
  buckets = merge(local.buckets, { state = var.state_bucket })
}

module "dashboard" {
  source = "../modules/dashboard"

  project_id = var.project_id
  name       = var.name
}

module "budget" {
  source = "../modules/budget"
  count  = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  project_number  = var.budget.project_number
  name            = var.name
  amount_usd      = var.budget.amount_usd
}
