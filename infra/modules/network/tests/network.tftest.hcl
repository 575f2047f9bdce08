# What is made, and what is not.

mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "bakeoff"
  region     = "us-central1"
  cidr       = "10.64.0.0/20"
  node_tag   = "bakeoff"
}

run "private_subnet" {
  assert {
    condition     = google_compute_network.this.auto_create_subnetworks == false && google_compute_subnetwork.this.private_ip_google_access == true
    error_message = "the network must have one subnet of ours, with Private Google Access"
  }

  assert {
    condition     = google_compute_subnetwork.this.ip_cidr_range == "10.64.0.0/20" && google_compute_subnetwork.this.region == "us-central1"
    error_message = "subnet is ${google_compute_subnetwork.this.ip_cidr_range} in ${google_compute_subnetwork.this.region}"
  }
}

run "ingress_only_among_nodes" {
  assert {
    condition     = google_compute_firewall.internal.direction == "INGRESS" && length(coalesce(google_compute_firewall.internal.source_ranges, [])) == 0 && tolist(google_compute_firewall.internal.source_tags) == tolist(["bakeoff"])
    error_message = "ingress is open to ${jsonencode(google_compute_firewall.internal)}"
  }

  assert {
    condition     = tolist(google_compute_firewall.internal.target_tags) == tolist(["bakeoff"])
    error_message = "the rule reaches ${jsonencode(google_compute_firewall.internal.target_tags)}"
  }

  assert {
    condition     = toset([for rule in google_compute_firewall.internal.allow : rule.protocol]) == toset(["tcp", "udp", "icmp"])
    error_message = "Dataproc's nodes need tcp, udp and icmp"
  }
}

run "no_nat_unless_asked_for" {
  assert {
    condition     = length(google_compute_router.this) == 0 && length(google_compute_router_nat.this) == 0
    error_message = "a NAT was made"
  }
}

run "nat_for_this_subnet_alone" {
  variables {
    nat = true
  }

  assert {
    condition     = google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS" && length(google_compute_router_nat.this[0].subnetwork) == 1
    error_message = "the NAT serves ${google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat}"
  }
}
