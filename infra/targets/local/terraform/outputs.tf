output "cluster" {
  description = "The cluster, known once it is usable: the object store answers and every worker has registered."
  depends_on  = [module.object_store, module.master, module.worker]

  value = {
    lease_id         = var.lease_id
    scenario         = var.name
    target           = "local"
    isolation        = var.isolation
    master_url       = local.lease.master_url
    master_webui     = "http://${local.nodes.m.address}:${var.master_webui_port}"
    storage_endpoint = local.lease.storage_endpoint
    bucket           = "bakeoff-${var.lease_id}"
    nodes            = local.nodes
  }
}
