output "subnetwork" {
  description = "Self link of the subnet, known once nodes can talk to each other and to Google's services."
  value       = google_compute_subnetwork.this.self_link
  depends_on  = [google_compute_firewall.internal, google_compute_router_nat.this]
}

output "network" {
  description = "Self link of the network."
  value       = google_compute_network.this.self_link
}
