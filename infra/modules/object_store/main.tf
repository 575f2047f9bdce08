# An object-store server as a daemon, bound to one address. See ../spark_node/main.tf for why there are two resources.

locals {
  # The fields of infra/targets/local/spec.py. The store is no machine of the shape: it has no size, and no limits.
  spec = {
    lease_id             = var.lease.id
    lease_dir            = var.lease.dir
    node                 = "store"
    role                 = "store"
    address              = var.address
    network_cidr         = var.lease.network_cidr
    isolation            = var.lease.isolation
    machine_type         = ""
    vcpus                = 0
    memory_gb            = 0
    disk_type            = ""
    disk_gb              = 0
    local_cores_per_vcpu = var.lease.local_cores_per_vcpu
    master_url           = "spark://${var.master.address}:${var.master.port}"
    master_port          = var.master.port
    master_webui_port    = var.master.webui_port
    storage_endpoint     = "http://${var.address}:${var.port}"
    storage_port         = var.port
    workers              = 0
  }
}

resource "terraform_data" "slot" {
  triggers_replace = local.spec

  # A destroy provisioner can refer to nothing but its own resource.
  input = {
    spec        = jsonencode(local.spec)
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
