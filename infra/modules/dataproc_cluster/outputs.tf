output "name" {
  description = "Name of the cluster, known once Dataproc reports it running: every node has registered."
  value       = google_dataproc_cluster.this.name
  depends_on  = [google_dataproc_cluster.this]
}
