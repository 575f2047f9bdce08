# Each rule of variables.tf refuses what breaks it.

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

run "lease_id_with_capitals" {
  command = plan

  variables {
    lease = {
      id                   = "ABC123"
      dir                  = "/tmp/lease"
      project_dir          = "/"
      python               = "/bin/true"
      isolation            = "namespaces"
      network_cidr         = "10.7.8.0/24"
      local_cores_per_vcpu = 0.15
    }
  }

  expect_failures = [var.lease]
}

run "relative_path" {
  command = plan

  variables {
    lease = {
      id                   = "abc123"
      dir                  = "lease"
      project_dir          = "/"
      python               = "/bin/true"
      isolation            = "namespaces"
      network_cidr         = "10.7.8.0/24"
      local_cores_per_vcpu = 0.15
    }
  }

  expect_failures = [var.lease]
}

run "unknown_isolation" {
  command = plan

  variables {
    lease = {
      id                   = "abc123"
      dir                  = "/tmp/lease"
      project_dir          = "/"
      python               = "/bin/true"
      isolation            = "docker"
      network_cidr         = "10.7.8.0/24"
      local_cores_per_vcpu = 0.15
    }
  }

  expect_failures = [var.lease]
}

run "network_not_a_slash_24" {
  command = plan

  variables {
    lease = {
      id                   = "abc123"
      dir                  = "/tmp/lease"
      project_dir          = "/"
      python               = "/bin/true"
      isolation            = "namespaces"
      network_cidr         = "10.7.8.0/25"
      local_cores_per_vcpu = 0.15
    }
  }

  expect_failures = [var.lease]
}

run "no_cores" {
  command = plan

  variables {
    lease = {
      id                   = "abc123"
      dir                  = "/tmp/lease"
      project_dir          = "/"
      python               = "/bin/true"
      isolation            = "namespaces"
      network_cidr         = "10.7.8.0/24"
      local_cores_per_vcpu = 0
    }
  }

  expect_failures = [var.lease]
}

run "unknown_name" {
  command = plan

  variables {
    name = "worker-0"
  }

  expect_failures = [var.name]
}

run "worker_as_master" {
  command = plan

  variables {
    role = "master"
  }

  expect_failures = [var.role]
}

run "master_as_worker" {
  command = plan

  variables {
    name = "m"
  }

  expect_failures = [var.role]
}

run "address_not_ipv4" {
  command = plan

  variables {
    address = "w-0"
  }

  expect_failures = [var.address]
}

run "no_vcpu" {
  command = plan

  variables {
    machine = { type = "x", vcpus = 0, memory_gb = 1 }
  }

  expect_failures = [var.machine]
}

run "unknown_disk_type" {
  command = plan

  variables {
    disk = { type = "ssd", gb = 200 }
  }

  expect_failures = [var.disk]
}

run "disk_too_small" {
  command = plan

  variables {
    disk = { type = "pd-ssd", gb = 1 }
  }

  expect_failures = [var.disk]
}

run "privileged_port" {
  command = plan

  variables {
    master = { address = "10.7.8.10", port = 7077, webui_port = 80 }
  }

  expect_failures = [var.master]
}

run "storage_not_a_url" {
  command = plan

  variables {
    storage = { endpoint = "10.7.8.1:4443", port = 4443 }
  }

  expect_failures = [var.storage]
}

run "negative_workers" {
  command = plan

  variables {
    workers = -1
  }

  expect_failures = [var.workers]
}
