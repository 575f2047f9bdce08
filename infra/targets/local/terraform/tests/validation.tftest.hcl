# Each rule of variables.tf refuses what breaks it.

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

run "name_with_capitals" {
  command = plan

  variables {
    name = "Four"
  }

  expect_failures = [var.name]
}

run "name_ending_in_a_hyphen" {
  command = plan

  variables {
    name = "four-"
  }

  expect_failures = [var.name]
}

run "name_too_long" {
  command = plan

  variables {
    name = "a23456789-123456789-123456789-123456789-1"
  }

  expect_failures = [var.name]
}

run "one_worker" {
  command = plan

  variables {
    workers = 1
  }

  expect_failures = [var.workers]
}

run "negative_workers" {
  command = plan

  variables {
    workers = -1
  }

  expect_failures = [var.workers]
}

run "half_a_worker" {
  command = plan

  variables {
    workers = 2.5
  }

  expect_failures = [var.workers]
}

run "too_many_workers" {
  command = plan

  variables {
    workers = 101
  }

  expect_failures = [var.workers]
}

run "unknown_machine_type" {
  command = plan

  variables {
    machine_type = "n1-standard-3"
  }

  expect_failures = [var.machine_type]
}

run "unknown_master_machine_type" {
  command = plan

  variables {
    master_machine_type = "n1-standard-3"
  }

  expect_failures = [var.master_machine_type]
}

run "single_node_with_another_master" {
  command = plan

  variables {
    workers             = 0
    master_machine_type = "n1-standard-8"
  }

  expect_failures = [var.master_machine_type]
}

run "unknown_disk_type" {
  command = plan

  variables {
    disk_type = "ssd"
  }

  expect_failures = [var.disk_type]
}

run "disk_too_small" {
  command = plan

  variables {
    disk_gb = 9
  }

  expect_failures = [var.disk_gb]
}

run "disk_too_large" {
  command = plan

  variables {
    disk_gb = 65537
  }

  expect_failures = [var.disk_gb]
}

run "disk_not_whole" {
  command = plan

  variables {
    disk_gb = 100.5
  }

  expect_failures = [var.disk_gb]
}

run "lease_id_too_short" {
  command = plan

  variables {
    lease_id = "abc12"
  }

  expect_failures = [var.lease_id]
}

run "lease_id_starts_with_a_digit" {
  command = plan

  variables {
    lease_id = "1abcde"
  }

  expect_failures = [var.lease_id]
}

run "relative_lease_dir" {
  command = plan

  variables {
    lease_dir = "runs/leases/abc123"
  }

  expect_failures = [var.lease_dir]
}

run "relative_project_dir" {
  command = plan

  variables {
    project_dir = "."
  }

  expect_failures = [var.project_dir]
}

run "relative_python" {
  command = plan

  variables {
    python = "python3"
  }

  expect_failures = [var.python]
}

run "unknown_isolation" {
  command = plan

  variables {
    isolation = "docker"
  }

  expect_failures = [var.isolation]
}

run "network_not_a_slash_24" {
  command = plan

  variables {
    network_cidr = "10.7.0.0/16"
  }

  expect_failures = [var.network_cidr]
}

run "network_with_host_bits" {
  command = plan

  variables {
    network_cidr = "10.7.8.1/24"
  }

  expect_failures = [var.network_cidr]
}

run "network_not_an_address" {
  command = plan

  variables {
    network_cidr = "10.7.300.0/24"
  }

  expect_failures = [var.network_cidr]
}

run "namespaces_on_loopback" {
  command = plan

  variables {
    network_cidr = "127.7.8.0/24"
  }

  expect_failures = [var.network_cidr]
}

run "plain_processes_off_loopback" {
  command = plan

  variables {
    isolation = "none"
  }

  expect_failures = [var.network_cidr]
}

run "no_cores" {
  command = plan

  variables {
    local_cores_per_vcpu = 0
  }

  expect_failures = [var.local_cores_per_vcpu]
}

run "more_cores_than_a_vcpu_can_stand_for" {
  command = plan

  variables {
    local_cores_per_vcpu = 4.5
  }

  expect_failures = [var.local_cores_per_vcpu]
}

run "privileged_storage_port" {
  command = plan

  variables {
    storage_port = 80
  }

  expect_failures = [var.storage_port]
}

run "master_port_too_high" {
  command = plan

  variables {
    master_port = 65536
  }

  expect_failures = [var.master_port]
}

run "half_a_webui_port" {
  command = plan

  variables {
    master_webui_port = 8080.5
  }

  expect_failures = [var.master_webui_port]
}

run "webui_on_the_master_port" {
  command = plan

  variables {
    master_webui_port = 7077
  }

  expect_failures = [var.master_webui_port]
}

run "spot_workers_on_a_laptop" {
  command = plan

  variables {
    spot_workers = 2
  }

  expect_failures = [var.spot_workers]
}

run "half_a_spot_worker" {
  command = plan

  variables {
    spot_workers = 0.5
  }

  expect_failures = [var.spot_workers]
}

run "spot_workers_without_workers" {
  command = plan

  variables {
    workers      = 0
    spot_workers = 2
  }

  expect_failures = [var.spot_workers]
}

run "a_gpu_on_a_laptop" {
  command = plan

  variables {
    accelerator_type  = "nvidia-tesla-t4"
    accelerator_count = 1
  }

  expect_failures = [var.accelerator_type]
}

run "gpus_without_a_type" {
  command = plan

  variables {
    accelerator_count = 1
  }

  expect_failures = [var.accelerator_type]
}

run "too_many_gpus" {
  command = plan

  variables {
    accelerator_count = 9
  }

  expect_failures = [var.accelerator_count]
}
