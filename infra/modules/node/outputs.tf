output "id" {
  description = "Identity of the running daemons: a new one after each restart."
  value       = terraform_data.process.id
}
