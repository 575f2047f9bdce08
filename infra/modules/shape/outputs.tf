output "nodes" {
  description = "Role, machine_type, vcpus and memory_gb of each node by its name: m, and w-0, w-1, ... Spot workers are not among them."

  value = merge(
    { m = merge({ role = var.workers == 0 ? "single" : "master" }, local.machine_types[var.master_machine_type]) },
    { for i in range(var.workers) : "w-${i}" => merge({ role = "worker" }, local.machine_types[var.machine_type]) },
  )
}
