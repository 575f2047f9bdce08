# A network with one private subnet: no external addresses, no ingress but among the clusters' own nodes.
# The default route to the internet stays, because Dataproc's agent reaches Google's control API over it (such traffic
# does not leave Google's network: https://cloud.google.com/dataproc/docs/concepts/network). Without NAT nothing else does.

locals {
  networks = var.subnetwork == null ? 1 : 0
  nats     = var.nat ? local.networks : 0
}

resource "google_compute_network" "this" {
  count = local.networks

  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "this" {
  count = local.networks

  project                  = var.project_id
  region                   = var.region
  name                     = "${var.name}-nodes"
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = var.network_cidr
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "EXCLUDE_ALL_METADATA"
  }
}

# Nodes of a Dataproc cluster must reach each other on all ports of tcp and udp and by icmp, and may be told by their tag
# (https://cloud.google.com/dataproc/docs/concepts/network). From the tag to the tag: other machines of the subnet are
# shut out like everything else, by the network's implied rule. A source range beside the tag would let its machines in, too.
resource "google_compute_firewall" "internal" {
  count = local.networks

  project     = var.project_id
  name        = "${var.name}-internal"
  network     = google_compute_network.this[0].id
  direction   = "INGRESS"
  source_tags = [local.node_tag]
  target_tags = [local.node_tag]

  dynamic "allow" {
    for_each = ["tcp", "udp", "icmp"]

    content {
      protocol = allow.value
    }
  }
}

resource "google_compute_router" "this" {
  count = local.nats

  project = var.project_id
  region  = var.region
  name    = var.name
  network = google_compute_network.this[0].id
}

resource "google_compute_router_nat" "this" {
  count = local.nats

  project                            = var.project_id
  region                             = var.region
  name                               = var.name
  router                             = google_compute_router.this[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.this[0].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
