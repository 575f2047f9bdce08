# What the module tells the node program, and when a node restarts. /bin/true stands for Python: nothing is started.

variables {
  lease = {
    id                   = "abc123"
    dir                  = "/tmp/lease"
    project_dir          = "/"
    python               = "/bin/true"
    isolation            = "namespaces"
    network_cidr         = "10.7.8.0/24"
    local_cores_per_vcpu = 0.15
  }
  name    = "w-0"
  role    = "worker"
  address = "10.7.8.20"
  machine = {
    type      = "n1-standard-2"
    vcpus     = 2
    memory_gb = 7.5
  }
  disk = {
    type = "pd-ssd"
    gb   = 200
  }
  master = {
    address    = "10.7.8.10"
    port       = 7077
    webui_port = 8080
  }
  storage = {
    endpoint = "http://10.7.8.1:4443"
    port     = 4443
  }
  workers = 4
}

run "applies" {
  assert {
    condition     = output.master_url == "spark://10.7.8.10:7077" && output.node.vcpus == 2
    error_message = "outputs are ${output.master_url} and ${jsonencode(output.node)}"
  }

  assert {
    condition     = output.spec.node == "w-0" && output.spec.workers == 4 && output.spec.disk_type == "pd-ssd"
    error_message = "spec is ${jsonencode(output.spec)}"
  }
}

run "another_number_of_workers_restarts_nothing" {
  variables {
    workers = 3
  }

  assert {
    condition     = output.id == run.applies.id
    error_message = "the daemons were replaced"
  }
}

run "another_disk_restarts_the_node" {
  variables {
    disk = { type = "pd-standard", gb = 200 }
  }

  assert {
    condition     = output.id != run.applies.id
    error_message = "the daemons were kept"
  }
}

run "a_new_master_restarts_the_node" {
  variables {
    disk         = { type = "pd-standard", gb = 200 }
    restart_with = "new"
  }

  assert {
    condition     = output.id != run.another_disk_restarts_the_node.id
    error_message = "the daemons were kept"
  }
}
