# The nodes of a shape, and that each rule refuses what breaks it.

variables {
  name                = "four-small-ssd"
  workers             = 4
  machine_type        = "n1-standard-2"
  master_machine_type = "n1-standard-4"
  disk_type           = "pd-ssd"
  disk_gb             = 200
  spot_workers        = 0
  accelerator_count   = 0
}

run "a_master_and_workers" {
  command = plan

  assert {
    condition     = join(",", keys(output.nodes)) == "m,w-0,w-1,w-2,w-3"
    error_message = "nodes are ${join(",", keys(output.nodes))}"
  }

  assert {
    condition     = jsonencode(output.nodes.m) == jsonencode({ machine_type = "n1-standard-4", memory_gb = 15, role = "master", vcpus = 4 })
    error_message = "the master is ${jsonencode(output.nodes.m)}"
  }

  assert {
    condition     = output.nodes["w-3"].role == "worker" && output.nodes["w-3"].memory_gb == 7.5
    error_message = "the last worker is ${jsonencode(output.nodes["w-3"])}"
  }
}

run "single_node" {
  command = plan

  variables {
    workers             = 0
    machine_type        = "n1-standard-8"
    master_machine_type = "n1-standard-8"
  }

  assert {
    condition     = join(",", keys(output.nodes)) == "m" && output.nodes.m.role == "single" && output.nodes.m.vcpus == 8
    error_message = "nodes are ${jsonencode(output.nodes)}"
  }
}

# Rules that read another variable are not asked while that one breaks its own.
run "each_by_itself" {
  command = plan

  variables {
    name              = "Four"
    workers           = 1
    machine_type      = "n1-standard-3"
    disk_type         = "ssd"
    disk_gb           = 9
    accelerator_count = 9
  }

  expect_failures = [var.name, var.workers, var.machine_type, var.disk_type, var.disk_gb, var.accelerator_count]
}

run "those_that_read_another" {
  command = plan

  variables {
    master_machine_type = "huge"
    disk_gb             = 65537
    spot_workers        = 101
  }

  expect_failures = [var.master_machine_type, var.disk_gb, var.spot_workers]
}

run "what_a_single_node_has_not" {
  command = plan

  variables {
    workers      = 0
    spot_workers = 2
  }

  expect_failures = [var.master_machine_type, var.spot_workers]
}

run "gpus_without_a_type" {
  command = plan

  variables {
    accelerator_count = 1
  }

  expect_failures = [var.accelerator_type]
}

run "gpus_beside_spot_workers" {
  command = plan

  variables {
    spot_workers      = 2
    accelerator_type  = "nvidia-tesla-t4"
    accelerator_count = 1
  }

  expect_failures = [var.spot_workers]
}
