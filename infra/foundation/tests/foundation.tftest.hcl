# What is made, what can be given, and the text for the client.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/my-project/serviceAccounts/account@my-project.iam.gserviceaccount.com"
      email  = "account@my-project.iam.gserviceaccount.com"
      member = "serviceAccount:account@my-project.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_compute_subnetwork" {
    defaults = {
      self_link = "https://www.googleapis.com/compute/v1/projects/my-project/regions/us-central1/subnetworks/bakeoff-nodes"
    }
  }
}

variables {
  project_id   = "my-project"
  region       = "us-central1"
  zone         = "us-central1-a"
  state_bucket = "my-project-bakeoff-state"
}

run "all_of_ours" {
  variables {
    labels = { team = "data" }
  }

  assert {
    condition     = local.buckets == { data = "my-project-bakeoff-data", staging = "my-project-bakeoff-staging", temp = "my-project-bakeoff-temp" }
    error_message = "buckets are ${jsonencode(local.buckets)}"
  }

  assert {
    condition     = local.made_buckets.data == { "leases/" = 14 } && local.made_buckets.staging == { "" = 7 } && local.made_buckets.temp == { "" = 7 }
    error_message = "expiry is ${jsonencode(local.made_buckets)}"
  }

  assert {
    condition = output.gcp_toml == join("\n", [
      "# Written by: terraform -chdir=infra/foundation output -raw gcp_toml",
      "bucket = \"my-project-bakeoff-data\"",
      "project_id = \"my-project\"",
      "region = \"us-central1\"",
      "service_account = \"account@my-project.iam.gserviceaccount.com\"",
      "staging_bucket = \"my-project-bakeoff-staging\"",
      "state_bucket = \"my-project-bakeoff-state\"",
      "subnetwork = \"https://www.googleapis.com/compute/v1/projects/my-project/regions/us-central1/subnetworks/bakeoff-nodes\"",
      "temp_bucket = \"my-project-bakeoff-temp\"",
      "vertex_service_account = \"account@my-project.iam.gserviceaccount.com\"",
      "zone = \"us-central1-a\"",
      "",
      "[labels]",
      "team = \"data\"",
      "",
    ])
    error_message = "gcp.toml is ${output.gcp_toml}"
  }

  assert {
    condition     = length(module.budget) == 0
    error_message = "there is a budget that nobody asked for"
  }
}

run "all_given" {
  variables {
    subnetwork             = "projects/host/regions/us-central1/subnetworks/theirs"
    service_account        = "nodes@their-project.iam.gserviceaccount.com"
    vertex_service_account = "vertex@their-project.iam.gserviceaccount.com"
    bucket                 = "their-data"
    staging_bucket         = "their-staging"
    temp_bucket            = "their-temp"
  }

  assert {
    condition     = length(module.network) + length(module.bucket) + length(module.dataproc_account) + length(module.vertex_account) == 0
    error_message = "something was made that was given"
  }

  assert {
    condition     = strcontains(output.gcp_toml, "subnetwork = \"projects/host/regions/us-central1/subnetworks/theirs\"") && strcontains(output.gcp_toml, "bucket = \"their-data\"") && strcontains(output.gcp_toml, "service_account = \"nodes@their-project.iam.gserviceaccount.com\"")
    error_message = "gcp.toml is ${output.gcp_toml}"
  }
}

run "one_bucket_given" {
  variables {
    bucket = "their-data"
  }

  assert {
    condition     = local.buckets.data == "their-data" && toset(keys(module.bucket)) == toset(["staging", "temp"])
    error_message = "buckets are ${jsonencode(local.buckets)}"
  }
}

run "readers_of_records" {
  variables {
    reader_members = { plan = "serviceAccount:bakeoff-ci-plan@my-project.iam.gserviceaccount.com" }
  }

  assert {
    condition     = [for grant in google_storage_bucket_iam_member.reader : "${grant.bucket} ${grant.role}"] == ["my-project-bakeoff-data roles/storage.objectViewer"]
    error_message = "readers have ${jsonencode(google_storage_bucket_iam_member.reader)}"
  }
}

run "a_budget" {
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "123", amount_usd = 50 }
  }

  assert {
    condition     = length(module.budget) == 1
    error_message = "there is no budget"
  }
}
