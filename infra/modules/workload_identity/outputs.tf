output "provider_name" {
  description = "Whole name of the provider, which a workflow gives to google-github-actions/auth."
  value       = google_iam_workload_identity_pool_provider.this.name
}

output "pull_requests" {
  description = "Identity of workflows of pull requests (GitHub gives those from forks no token)."
  value       = "${local.subject}:pull_request"
}

output "branch" {
  description = "Identity of workflows on the branch, scheduled ones included."
  value       = "${local.subject}:ref:refs/heads/${var.branch}"
}
