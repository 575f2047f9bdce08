# Keyless access for GitHub's workflows: a token of one repository, and of no other, stands for an identity of this pool.
# GitHub signs tokens of all its users with one issuer, so the condition is what keeps strangers out:
# https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
# It reads the numbers of owner and repository, because names can be registered anew by somebody else. The subject of a token
# is not read: its form has changed (https://docs.github.com/actions/reference/security/oidc).

locals {
  # What of the repository may become an account: the values of attribute.run.
  runs = {
    pull_requests = "${coalesce(var.github_repository_id, "0")}:pull_request"
    main          = "${coalesce(var.github_repository_id, "0")}:refs/heads/main"
  }
  identities = {
    for who, run in local.runs :
    who => "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github[0].name}/attribute.run/${run}" if local.ci == 1
  }
  may_plan  = ["pull_requests", "main"]
  may_clean = ["main"]
}

resource "google_iam_workload_identity_pool" "github" {
  count      = local.ci
  depends_on = [google_project_service.this]

  project                   = var.project_id
  workload_identity_pool_id = "${var.name}-github"
  display_name              = "GitHub workflows"
  description               = "Workflows of ${var.github_repository}"

  # The name of a deleted pool stays taken for 30 days.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_iam_workload_identity_pool_provider" "github" {
  #checkov:skip=CKV_GCP_125:the condition is on numbers of owner and repository, which checkov does not read; each account then trusts single kinds of runs
  count = local.ci

  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub"
  attribute_condition                = "assertion.repository_owner_id == '${var.github_repository_owner_id}' && assertion.repository_id == '${var.github_repository_id}'"

  attribute_mapping = {
    "google.subject"                = "assertion.sub"
    "attribute.repository_owner_id" = "assertion.repository_owner_id"
    "attribute.repository_id"       = "assertion.repository_id"
    "attribute.run"                 = "assertion.repository_id + ':' + (assertion.event_name.startsWith('pull_request') ? 'pull_request' : assertion.ref)"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

# Plans, in pull requests and on main: reads, and cannot change a thing.
module "plan_account" {
  source     = "../modules/service_account"
  count      = local.ci
  depends_on = [google_project_service.this]

  project_id   = var.project_id
  account_id   = "${var.name}-ci-plan"
  display_name = "Plans of bakeoff in pull requests"
  bucket_roles = { state = { bucket = local.state_bucket, role = "roles/storage.objectViewer" } }
  federated    = { for who in local.may_plan : who => local.identities[who] }

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
  source     = "../modules/service_account"
  count      = local.ci
  depends_on = [google_project_service.this]

  project_id   = var.project_id
  account_id   = "${var.name}-ci-clean"
  display_name = "Scheduled clean of bakeoff"
  bucket_roles = { state = { bucket = local.state_bucket, role = "roles/storage.objectUser" } }
  federated    = { for who in local.may_clean : who => local.identities[who] }
}
