output "cluster" {
  description = "The cluster, known once it is usable: the object store answers and every worker has registered."
  depends_on  = [module.object_store, module.master, module.worker]

  value = {
    lease_id         = var.lease_id
    scenario         = var.name
    target           = "local"
    isolation        = var.isolation
    master_url       = module.master.master_url
    master_webui     = "http://${local.master.address}:${local.master.webui_port}"
    storage_endpoint = module.object_store.endpoint
    bucket           = "bakeoff-${var.lease_id}"
    nodes            = merge({ m = module.master.node }, { for name, worker in module.worker : name => worker.node })
  }
}
