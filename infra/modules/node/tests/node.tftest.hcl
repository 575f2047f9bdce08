# When a node restarts. /bin/true stands for Python: nothing is started.

variables {
  project_dir = "/"
  python      = "/bin/true"
  workers     = 4
  spec = {
    lease_id             = "abc123"
    lease_dir            = "/tmp/lease"
    node                 = "w-0"
    role                 = "worker"
    address              = "10.7.8.20"
    network_cidr         = "10.7.8.0/24"
    isolation            = "namespaces"
    local_cores_per_vcpu = 0.15
    master_url           = "spark://10.7.8.10:7077"
    master_port          = 7077
    master_webui_port    = 8080
    storage_endpoint     = "http://10.7.8.1:4443"
    storage_port         = 4443
  }
}

run "applies" {
  assert {
    condition     = jsondecode(terraform_data.slot.input.spec).node == "w-0" && jsondecode(terraform_data.slot.input.spec).workers == 0
    error_message = "the node program would be told to stop ${terraform_data.slot.input.spec}"
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

run "another_spec_restarts_the_node" {
  variables {
    spec = merge(var.spec, { disk_type = "pd-standard", disk_gb = 200 })
  }

  assert {
    condition     = output.id != run.applies.id
    error_message = "the daemons were kept"
  }
}

run "a_new_master_restarts_the_node" {
  variables {
    spec         = merge(var.spec, { disk_type = "pd-standard", disk_gb = 200 })
    restart_with = "new"
  }

  assert {
    condition     = output.id != run.another_spec_restarts_the_node.id
    error_message = "the daemons were kept"
  }
}
