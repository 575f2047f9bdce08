output "id" {
  description = "Whole name of the budget."
  value       = google_billing_budget.this.id
}
