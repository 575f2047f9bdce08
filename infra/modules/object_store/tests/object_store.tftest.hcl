# What the module tells the node program, and what it gives back. /bin/true stands for Python: nothing is started.

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
  address = "10.7.8.1"
  port    = 4443
  master = {
    address    = "10.7.8.10"
    port       = 7077
    webui_port = 8080
  }
}

run "applies" {
  assert {
    condition     = output.endpoint == "http://10.7.8.1:4443"
    error_message = "endpoint is ${output.endpoint}"
  }

  assert {
    condition     = output.spec.node == "store" && output.spec.role == "store" && output.spec.storage_port == 4443
    error_message = "spec is ${jsonencode(output.spec)}"
  }
}

run "a_second_apply_changes_nothing" {
  assert {
    condition     = output.id == run.applies.id
    error_message = "the process was replaced"
  }
}

run "another_port_is_another_process" {
  variables {
    port = 4444
  }

  assert {
    condition     = output.id != run.applies.id && output.endpoint == "http://10.7.8.1:4444"
    error_message = "the process was kept"
  }
}
