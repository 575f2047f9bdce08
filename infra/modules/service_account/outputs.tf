output "email" {
  description = "Address of the account, known once it has its roles."
  value       = google_service_account.this.email
  depends_on  = [google_project_iam_member.this, google_storage_bucket_iam_member.this]
}

output "member" {
  description = "The account as a member of IAM policies."
  value       = google_service_account.this.member
}
