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
  ci = var.github_repository == null ? 0 : 1

  # Who of GitHub may become which account.
  may_plan  = merge([for github in module.github : { pull_requests = github.pull_requests, main = github.branch }]...)
  may_clean = merge([for github in module.github : { main = github.branch }]...)

  state_bucket = var.state_bucket != null ? var.state_bucket : module.state_bucket[0].name
}

module "services" {
  source = "../modules/project_services"

  project_id = var.project_id
  services   = local.services
}

# Versions, because a broken state is mended by the one before it. The gcs backend locks each state with an object of its own.
module "state_bucket" {
  source     = "../modules/bucket"
  count      = var.state_bucket == null ? 1 : 0
  depends_on = [module.services]

  project_id = var.project_id
  name       = "${var.project_id}-${var.name}-state"
  location   = var.region
  labels     = merge(var.labels, { bakeoff = "bootstrap" })
  versioning = true
}

module "github" {
  source     = "../modules/workload_identity"
  count      = local.ci
  depends_on = [module.services]

  project_id    = var.project_id
  name          = "${var.name}-github"
  repository    = var.github_repository
  repository_id = var.github_repository_id
}

# Plans, in pull requests and on main: reads, and cannot change a thing.
module "plan_account" {
  source = "../modules/service_account"
  count  = local.ci

  project_id   = var.project_id
  account_id   = "${var.name}-ci-plan"
  display_name = "Plans of bakeoff in pull requests"
  bucket_roles = { state = { bucket = local.state_bucket, role = "roles/storage.objectViewer" } }
  federated    = local.may_plan

  project_roles = [
    "roles/compute.viewer",
    "roles/dataproc.viewer",
    "roles/iam.securityReviewer",
    "roles/monitoring.viewer",
    "roles/serviceusage.serviceUsageViewer",
    "roles/storage.bucketViewer",
  ]
}

# Runs `bakeoff clean` on a schedule, from main alone. Its other rights: foundation's cleaner_members.
module "clean_account" {
  source = "../modules/service_account"
  count  = local.ci

  project_id   = var.project_id
  account_id   = "${var.name}-ci-clean"
  display_name = "Scheduled clean of bakeoff"
  bucket_roles = { state = { bucket = local.state_bucket, role = "roles/storage.objectUser" } }
  federated    = local.may_clean
}
