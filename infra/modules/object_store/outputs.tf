output "id" {
  description = "Identity of the running process: a new one after each restart."
  value       = terraform_data.process.id
}

output "endpoint" {
  description = "URL of the object store, known once it answers."
  value       = local.spec.storage_endpoint
  depends_on  = [terraform_data.process]
}

output "spec" {
  description = "What the node program was told."
  value       = local.spec
}
