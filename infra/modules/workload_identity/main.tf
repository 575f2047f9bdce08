# Keyless access for GitHub's workflows: a token of one repository, and of no other, stands for an identity of this pool.
# GitHub signs tokens of all its users with one issuer, so the condition is what keeps strangers out:
# https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines

locals {
  by_name = "assertion.repository == '${var.repository}'"
  by_id   = var.repository_id == null ? "" : " && assertion.repository_id == '${coalesce(var.repository_id, "0")}'"
  subject = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/subject/repo:${var.repository}"
}

resource "google_iam_workload_identity_pool" "this" {
  project                   = var.project_id
  workload_identity_pool_id = var.name
  display_name              = "GitHub workflows"
  description               = "Workflows of ${var.repository}"
}

resource "google_iam_workload_identity_pool_provider" "this" {
  #checkov:skip=CKV_GCP_125:the condition is on assertion.repository, which checkov does not read; each account then trusts one subject
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub"
  attribute_condition                = "${local.by_name}${local.by_id}"

  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
    "attribute.ref"        = "assertion.ref"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
