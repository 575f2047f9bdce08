# Each rule of variables.tf refuses what breaks it; those of the shape are tested in modules/shape.

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

run "each_by_itself" {
  command = plan

  variables {
    lease_id             = "1abcde"
    lease_dir            = "runs/leases/abc123"
    project_dir          = "."
    python               = "python3"
    isolation            = "docker"
    local_cores_per_vcpu = 4.5
    storage_port         = 80
    master_port          = 65536
    spot_workers         = 2
    accelerator_type     = "nvidia-tesla-t4"
  }

  expect_failures = [
    var.lease_id, var.lease_dir, var.project_dir, var.python, var.isolation, var.local_cores_per_vcpu, var.storage_port,
    var.master_port, var.spot_workers, var.accelerator_type,
  ]
}

run "network_not_a_slash_24_and_half_a_port" {
  command = plan

  variables {
    network_cidr         = "10.7.8.1/24"
    local_cores_per_vcpu = 0
    master_webui_port    = 8080.5
  }

  expect_failures = [var.network_cidr, var.local_cores_per_vcpu, var.master_webui_port]
}

run "namespaces_on_loopback_and_one_port_for_both" {
  command = plan

  variables {
    network_cidr      = "127.7.8.0/24"
    master_webui_port = 7077
  }

  expect_failures = [var.network_cidr, var.master_webui_port]
}
