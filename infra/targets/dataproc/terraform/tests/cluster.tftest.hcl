# Shapes, labels, and the cluster output with the keys of the local target.

mock_provider "google" {}

variables {
  name                = "four-small-ssd"
  workers             = 4
  machine_type        = "n1-standard-2"
  master_machine_type = "n1-standard-2"
  disk_type           = "pd-ssd"
  disk_gb             = 200
  lease_id            = "abc123"
  project_id          = "my-project"
  region              = "us-central1"
  zone                = "us-central1-a"
  subnetwork          = "bakeoff-nodes"
  service_account     = "bakeoff-dataproc@my-project.iam.gserviceaccount.com"
  bucket              = "my-project-bakeoff-data"
  staging_bucket      = "my-project-bakeoff-staging"
  temp_bucket         = "my-project-bakeoff-temp"
  expires_at          = "2026-11-24T20:00:00.123456+00:00"
}

run "four_workers_and_a_master" {
  assert {
    condition     = join(",", keys(output.cluster.nodes)) == "m,w-0,w-1,w-2,w-3"
    error_message = "nodes are ${join(",", keys(output.cluster.nodes))}"
  }

  assert {
    condition     = output.cluster.nodes.m.role == "master" && output.cluster.nodes["w-3"].instance == "bakeoff-abc123-w-3" && output.cluster.nodes["w-3"].memory_gb == 7.5
    error_message = "nodes are ${jsonencode(output.cluster.nodes)}"
  }

  assert {
    condition     = output.cluster.target == "gcp" && output.cluster.isolation == "cloud" && output.cluster.cluster_name == "bakeoff-abc123" && output.cluster.bucket == "my-project-bakeoff-data"
    error_message = "cluster is ${jsonencode(output.cluster)}"
  }

  assert {
    condition     = length(setsubtract(["lease_id", "scenario", "target", "isolation", "master_url", "master_webui", "storage_endpoint", "bucket", "nodes"], keys(output.cluster))) == 0
    error_message = "keys are ${jsonencode(keys(output.cluster))}"
  }

  assert {
    condition     = output.cluster.expires_at == "2026-11-24T20:00:00Z"
    error_message = "expiry is ${output.cluster.expires_at}"
  }
}

run "labels_with_the_expiry_in_unix_seconds" {
  variables {
    labels = { team = "data" }
  }

  assert {
    condition     = local.labels == { bakeoff-lease = "abc123", bakeoff-scenario = "four-small-ssd", bakeoff-expires = "1795550400", team = "data" }
    error_message = "labels are ${jsonencode(local.labels)}"
  }
}

run "expiry_on_a_leap_day" {
  variables {
    expires_at = "2028-02-29T23:59:59Z"
  }

  assert {
    condition     = local.expires_s == 1835481599
    error_message = "expiry is ${local.expires_s}"
  }
}

run "expiry_in_january" {
  variables {
    expires_at = "2027-01-01T00:00:00Z"
  }

  assert {
    condition     = local.expires_s == 1798761600
    error_message = "expiry is ${local.expires_s}"
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
    condition     = join(",", keys(output.cluster.nodes)) == "m" && output.cluster.nodes.m.role == "single" && output.cluster.nodes.m.vcpus == 8
    error_message = "nodes are ${jsonencode(output.cluster.nodes)}"
  }
}

run "spot_workers_are_counted" {
  variables {
    spot_workers = 3
  }

  assert {
    condition     = output.cluster.spot_workers == 3 && length(output.cluster.nodes) == 5
    error_message = "cluster is ${jsonencode(output.cluster)}"
  }
}
