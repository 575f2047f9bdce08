# Shapes and the cluster output. /bin/true stands for Python: nothing is started.

variables {
  name                 = "four-small-ssd"
  workers              = 4
  machine_type         = "n1-standard-2"
  master_machine_type  = "n1-standard-2"
  disk_type            = "pd-ssd"
  disk_gb              = 200
  lease_id             = "abc123"
  lease_dir            = "/tmp/lease"
  project_dir          = "/"
  python               = "/bin/true"
  isolation            = "namespaces"
  network_cidr         = "10.7.8.0/24"
  local_cores_per_vcpu = 0.15
  storage_port         = 4443
  master_port          = 7077
  master_webui_port    = 8080
}

run "four_workers_and_a_master" {
  assert {
    condition     = join(",", keys(output.cluster.nodes)) == "m,w-0,w-1,w-2,w-3"
    error_message = "nodes are ${join(",", keys(output.cluster.nodes))}"
  }

  assert {
    condition     = output.cluster.nodes.m.role == "master" && output.cluster.nodes["w-3"].address == "10.7.8.23"
    error_message = "nodes are ${jsonencode(output.cluster.nodes)}"
  }

  assert {
    condition     = output.cluster.master_url == "spark://10.7.8.10:7077" && output.cluster.master_webui == "http://10.7.8.10:8080"
    error_message = "master is ${output.cluster.master_url}, ${output.cluster.master_webui}"
  }

  assert {
    condition     = output.cluster.storage_endpoint == "http://10.7.8.1:4443" && output.cluster.bucket == "bakeoff-abc123"
    error_message = "store is ${output.cluster.storage_endpoint}, ${output.cluster.bucket}"
  }
}

run "single_node" {
  variables {
    name                = "one-large-ssd"
    workers             = 0
    machine_type        = "n1-standard-8"
    master_machine_type = "n1-standard-8"
  }

  assert {
    condition     = join(",", keys(output.cluster.nodes)) == "m" && output.cluster.nodes.m.role == "single"
    error_message = "nodes are ${jsonencode(output.cluster.nodes)}"
  }

  assert {
    condition     = output.cluster.nodes.m.vcpus == 8 && output.cluster.nodes.m.memory_gb == 30
    error_message = "node m has ${output.cluster.nodes.m.vcpus} vCPUs and ${output.cluster.nodes.m.memory_gb} GB"
  }
}

run "plain_processes_on_loopback" {
  variables {
    isolation    = "none"
    network_cidr = "127.7.8.0/24"
  }

  assert {
    condition     = output.cluster.isolation == "none" && output.cluster.nodes.m.address == "127.7.8.10"
    error_message = "cluster is ${jsonencode(output.cluster)}"
  }
}
