output "id" {
  description = "Whole name of the dashboard."
  value       = google_monitoring_dashboard.this.id
}
