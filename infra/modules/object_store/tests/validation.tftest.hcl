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
  address = "10.7.8.1"
  port    = 4443
  master = {
    address    = "10.7.8.10"
    port       = 7077
    webui_port = 8080
  }
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

run "address_not_ipv4" {
  command = plan

  variables {
    address = "localhost"
  }

  expect_failures = [var.address]
}

run "privileged_port" {
  command = plan

  variables {
    port = 443
  }

  expect_failures = [var.port]
}

run "privileged_master_port" {
  command = plan

  variables {
    master = { address = "10.7.8.10", port = 7077, webui_port = 80 }
  }

  expect_failures = [var.master]
}
