# A Spark standalone cluster and an object store as daemons of this machine.

locals {
  catalogue = "${path.module}/../../../catalogue"
  machine_types = {
    for row in csvdecode(file("${local.catalogue}/machine_types.csv")) : row.machine_type => {
      type      = row.machine_type
      vcpus     = tonumber(row.vcpus)
      memory_gb = tonumber(row.memory_gb)
    }
  }
  disk_types = [for row in csvdecode(file("${local.catalogue}/disks.csv")) : row.disk_type]

  lease = {
    id                   = var.lease_id
    dir                  = var.lease_dir
    project_dir          = var.project_dir
    python               = var.python
    isolation            = var.isolation
    network_cidr         = var.network_cidr
    local_cores_per_vcpu = var.local_cores_per_vcpu
  }
  disk = {
    type = var.disk_type
    gb   = var.disk_gb
  }
  master = {
    address    = cidrhost(var.network_cidr, 10)
    port       = var.master_port
    webui_port = var.master_webui_port
  }
  worker_addresses = { for i in range(var.workers) : "w-${i}" => cidrhost(var.network_cidr, 20 + i) }
}

module "object_store" {
  source = "../../../modules/object_store"

  lease   = local.lease
  address = cidrhost(var.network_cidr, 1)
  port    = var.storage_port
  master  = local.master
}

module "master" {
  source = "../../../modules/spark_node"

  lease   = local.lease
  name    = "m"
  role    = var.workers == 0 ? "single" : "master"
  address = local.master.address
  machine = local.machine_types[var.master_machine_type]
  disk    = local.disk
  master  = local.master
  workers = var.workers
  storage = {
    endpoint = module.object_store.endpoint
    port     = var.storage_port
  }
}

module "worker" {
  source   = "../../../modules/spark_node"
  for_each = local.worker_addresses

  lease   = local.lease
  name    = each.key
  role    = "worker"
  address = each.value
  machine = local.machine_types[var.machine_type]
  disk    = local.disk
  master  = local.master
  workers = var.workers
  storage = {
    endpoint = module.object_store.endpoint
    port     = var.storage_port
  }

  # A worker registers once, when it starts: a new master needs new workers.
  restart_with = module.master.id
}
