output "id" {
  description = "Identity of the running daemons: a new one after each restart."
  value       = terraform_data.process.id
}

output "master_url" {
  description = "URL for Spark clients and workers."
  value       = local.spec.master_url
  depends_on  = [terraform_data.process]
}

output "node" {
  description = "What the node is, known once its daemons answer."
  depends_on  = [terraform_data.process]

  value = {
    role         = var.role
    address      = var.address
    machine_type = var.machine.type
    vcpus        = var.machine.vcpus
    memory_gb    = var.machine.memory_gb
  }
}

output "spec" {
  description = "What the node program was told."
  value       = local.spec
}
