output "cluster" {
  description = "The cluster, known once it is usable: Dataproc reports it running, and every node has registered."
  depends_on  = [google_dataproc_cluster.this]

  value = {
    lease_id         = var.lease_id
    scenario         = var.name
    target           = "gcp"
    isolation        = "cloud"
    master_url       = null
    master_webui     = null
    storage_endpoint = null
    bucket           = var.bucket
    project_id       = var.project_id
    region           = var.region
    zone             = var.zone
    cluster_name     = google_dataproc_cluster.this.name
    expires_at       = local.expires_at
    spot_workers     = var.spot_workers

    # Spot workers come and go under names of Dataproc's, so they are counted, not listed.
    nodes = {
      for name, node in module.shape.nodes :
      name => merge(node, { address = null, instance = "${google_dataproc_cluster.this.name}-${name}" })
    }
  }
}
