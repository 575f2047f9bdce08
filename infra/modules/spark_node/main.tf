# One node: its namespace, limits and Spark daemons, made and removed by `python -m infra.targets.local.node start|stop`.
#
# Two resources, because Terraform skips the destroy provisioner of a resource whose create provisioner failed: the
# half-started daemon would live on. `process` only starts; `slot`, which cannot fail to be made, only stops, and
# `stop` may run any number of times. Destroy goes process, then slot; so a failed start is cleaned up as well.
# `exec`, so that an interrupted Terraform ends the node program itself and not just a shell around it.

locals {
  # What a change of which means another node. The fields of infra/targets/local/spec.py, but for the number of workers.
  identity = {
    lease_id             = var.lease.id
    lease_dir            = var.lease.dir
    node                 = var.name
    role                 = var.role
    address              = var.address
    network_cidr         = var.lease.network_cidr
    isolation            = var.lease.isolation
    machine_type         = var.machine.type
    vcpus                = var.machine.vcpus
    memory_gb            = var.machine.memory_gb
    disk_type            = var.disk.type
    disk_gb              = var.disk.gb
    local_cores_per_vcpu = var.lease.local_cores_per_vcpu
    master_url           = "spark://${var.master.address}:${var.master.port}"
    master_port          = var.master.port
    master_webui_port    = var.master.webui_port
    storage_endpoint     = var.storage.endpoint
    storage_port         = var.storage.port
  }
  spec = merge(local.identity, { workers = var.workers })
}

resource "terraform_data" "slot" {
  triggers_replace = [local.identity, var.restart_with]

  # A destroy provisioner can refer to nothing but its own resource.
  input = {
    spec        = jsonencode(merge(local.identity, { workers = 0 }))
    project_dir = var.lease.project_dir
    python      = var.lease.python
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "exec \"$python\" -m infra.targets.local.node stop"
    working_dir = self.input.project_dir

    environment = {
      python            = self.input.python
      BAKEOFF_NODE_SPEC = self.input.spec
    }
  }
}

resource "terraform_data" "process" {
  triggers_replace = terraform_data.slot.id

  provisioner "local-exec" {
    command     = "exec \"$python\" -m infra.targets.local.node start"
    working_dir = var.lease.project_dir

    environment = {
      python            = var.lease.python
      BAKEOFF_NODE_SPEC = jsonencode(local.spec)
    }
  }
}
