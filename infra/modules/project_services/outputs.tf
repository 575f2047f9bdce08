output "services" {
  description = "The APIs, known once they are enabled."
  value       = [for service in google_project_service.this : service.service]
}
