output "state_bucket" {
  description = "Bucket of Terraform's states: for terraform init of the other layers, and foundation's state_bucket."
  value       = local.state_bucket
}

output "workload_identity_provider" {
  description = "What a GitHub workflow gives to google-github-actions/auth; null without CI."
  value       = one(google_iam_workload_identity_pool_provider.github[*].name)
}

output "plan_service_account" {
  description = "Account that CI plans with; null without CI."
  value       = one(module.plan_account[*].email)
}

output "clean_service_account" {
  description = "Account that CI cleans with; null without CI. Add it to foundation's cleaner_members."
  value       = one(module.clean_account[*].email)
}
