# What a team's leases share: network, buckets, accounts, dashboard. Whatever a company forbids us to make can be given.

# A user's credentials have no project of their own to count a budget's requests against: it is this one.
provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}

locals {
  node_tag = "bakeoff" # of targets/dataproc
  labels   = merge(var.labels, { bakeoff = "foundation" })

  buckets = {
    data    = var.bucket != null ? var.bucket : google_storage_bucket.data[0].name
    staging = var.staging_bucket != null ? var.staging_bucket : google_storage_bucket.scratch["staging"].name
    temp    = var.temp_bucket != null ? var.temp_bucket : google_storage_bucket.scratch["temp"].name
  }

  # Read by infra/targets/google/settings.py. JSON strings are TOML strings.
  settings = {
    project_id             = var.project_id
    region                 = var.region
    zone                   = var.zone
    subnetwork             = var.subnetwork != null ? var.subnetwork : google_compute_subnetwork.this[0].self_link
    service_account        = var.service_account != null ? var.service_account : module.dataproc_account[0].email
    vertex_service_account = var.vertex_service_account != null ? var.vertex_service_account : module.vertex_account[0].email
    bucket                 = local.buckets.data
    staging_bucket         = local.buckets.staging
    temp_bucket            = local.buckets.temp
    state_bucket           = var.state_bucket
  }
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

# An alert on what the project spends in a month. It warns and stops nothing: that is the task of each cluster's expiry.
resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = var.name

  budget_filter {
    projects               = ["projects/${var.budget.project_number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(var.budget.amount_usd)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  # Also before the money is gone.
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }
}
