# A Spark standalone cluster and an object store as daemons of this machine.

module "shape" {
  source = "../../../modules/shape"

  name                = var.name
  workers             = var.workers
  machine_type        = var.machine_type
  master_machine_type = var.master_machine_type
  disk_type           = var.disk_type
  disk_gb             = var.disk_gb
  spot_workers        = var.spot_workers
  accelerator_type    = var.accelerator_type
  accelerator_count   = var.accelerator_count
}

locals {
  # What all nodes are told alike.
  lease = {
    lease_id             = var.lease_id
    lease_dir            = var.lease_dir
    network_cidr         = var.network_cidr
    isolation            = var.isolation
    local_cores_per_vcpu = var.local_cores_per_vcpu
    master_url           = "spark://${cidrhost(var.network_cidr, 10)}:${var.master_port}"
    master_port          = var.master_port
    master_webui_port    = var.master_webui_port
    storage_endpoint     = "http://${cidrhost(var.network_cidr, 1)}:${var.storage_port}"
    storage_port         = var.storage_port
  }
  store = merge(local.lease, { node = "store", role = "store", address = cidrhost(var.network_cidr, 1) })

  nodes = {
    for name, node in module.shape.nodes : name => merge(node, {
      address = cidrhost(var.network_cidr, name == "m" ? 10 : 20 + tonumber(trimprefix(name, "w-")))
    })
  }
  specs = {
    for name, node in local.nodes : name => merge(local.lease, node, { node = name, disk_type = var.disk_type, disk_gb = var.disk_gb })
  }
}

module "object_store" {
  source = "../../../modules/node"

  spec        = local.store
  project_dir = var.project_dir
  python      = var.python
}

module "master" {
  source     = "../../../modules/node"
  depends_on = [module.object_store]

  spec        = local.specs["m"]
  workers     = var.workers
  project_dir = var.project_dir
  python      = var.python
}

module "worker" {
  source     = "../../../modules/node"
  for_each   = { for name, spec in local.specs : name => spec if name != "m" }
  depends_on = [module.object_store]

  spec        = each.value
  workers     = var.workers
  project_dir = var.project_dir
  python      = var.python

  # A worker registers once, when it starts: a new master needs new workers.
  restart_with = module.master.id
}
