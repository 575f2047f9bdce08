# What is made, what can be given, and the text for the client. Plans only: what must not be destroyed could not be removed
# after a mocked apply.

mock_provider "google" {}

variables {
  project_id   = "my-project"
  region       = "us-central1"
  zone         = "us-central1-a"
  state_bucket = "my-project-bakeoff-state"
}

run "all_of_ours" {
  command = plan

  variables {
    labels = { team = "data" }
  }

  assert {
    condition     = local.buckets == { data = "my-project-bakeoff-data", staging = "my-project-bakeoff-staging", temp = "my-project-bakeoff-temp" }
    error_message = "buckets are ${jsonencode(local.buckets)}"
  }

  assert {
    condition     = [for rule in google_storage_bucket.data[0].lifecycle_rule : one(rule.condition).age if one(rule.action).type == "Delete" && one(rule.condition).matches_prefix == tolist(["leases/"])] == [14]
    error_message = "rules of the data bucket are ${jsonencode(google_storage_bucket.data[0].lifecycle_rule)}"
  }

  assert {
    condition     = alltrue([for bucket in google_storage_bucket.scratch : [for rule in bucket.lifecycle_rule : one(rule.condition).age if one(rule.action).type == "Delete"] == [7]])
    error_message = "rules of the scratch buckets are ${jsonencode(google_storage_bucket.scratch["temp"].lifecycle_rule)}"
  }

  assert {
    condition     = alltrue([for bucket in concat(google_storage_bucket.data, values(google_storage_bucket.scratch)) : bucket.soft_delete_policy[0].retention_duration_seconds == 0 && bucket.labels == tomap({ team = "data", bakeoff = "foundation" })])
    error_message = "scratch is kept after its deletion, or has no labels"
  }

  assert {
    condition     = google_compute_subnetwork.this[0].ip_cidr_range == "10.64.0.0/20" && google_compute_subnetwork.this[0].region == "us-central1"
    error_message = "subnet is ${google_compute_subnetwork.this[0].ip_cidr_range}"
  }

  assert {
    condition     = toset([for rule in google_compute_firewall.internal[0].allow : rule.protocol]) == toset(["tcp", "udp", "icmp"])
    error_message = "Dataproc's nodes need tcp, udp and icmp"
  }

  assert {
    condition     = length(google_billing_budget.this) + length(google_compute_router.this) + length(google_project_iam_member.client) + length(google_project_iam_custom_role.sweeper) == 0
    error_message = "there is a budget, a NAT or a right that nobody asked for"
  }
}

run "all_given" {
  command = plan

  variables {
    subnetwork             = "projects/host/regions/us-central1/subnetworks/theirs"
    service_account        = "nodes@their-project.iam.gserviceaccount.com"
    vertex_service_account = "vertex@their-project.iam.gserviceaccount.com"
    bucket                 = "their-data"
    staging_bucket         = "their-staging"
    temp_bucket            = "their-temp"
    nat                    = true
    labels                 = { team = "data" }
  }

  assert {
    condition     = length(google_compute_network.this) + length(google_compute_router_nat.this) + length(google_storage_bucket.data) + length(google_storage_bucket.scratch) + length(module.dataproc_account) + length(module.vertex_account) == 0
    error_message = "something was made that was given"
  }

  assert {
    condition = output.gcp_toml == join("\n", [
      "# Written by: terraform -chdir=infra/foundation output -raw gcp_toml",
      "bucket = \"their-data\"",
      "project_id = \"my-project\"",
      "region = \"us-central1\"",
      "service_account = \"nodes@their-project.iam.gserviceaccount.com\"",
      "staging_bucket = \"their-staging\"",
      "state_bucket = \"my-project-bakeoff-state\"",
      "subnetwork = \"projects/host/regions/us-central1/subnetworks/theirs\"",
      "temp_bucket = \"their-temp\"",
      "vertex_service_account = \"vertex@their-project.iam.gserviceaccount.com\"",
      "zone = \"us-central1-a\"",
      "",
      "[labels]",
      "team = \"data\"",
      "",
    ])
    error_message = "gcp.toml is ${output.gcp_toml}"
  }
}

run "a_nat_for_this_subnet_alone_and_one_bucket_given" {
  command = plan

  variables {
    bucket = "their-data"
    nat    = true
  }

  assert {
    condition     = local.buckets.data == "their-data" && toset(keys(google_storage_bucket.scratch)) == toset(["staging", "temp"])
    error_message = "buckets are ${jsonencode(local.buckets)}"
  }

  assert {
    condition     = google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS" && length(google_compute_router_nat.this[0].subnetwork) == 1
    error_message = "the NAT serves ${google_compute_router_nat.this[0].source_subnetwork_ip_ranges_to_nat}"
  }
}

run "members" {
  command = plan

  variables {
    client_members = { team = "group:data@example.com" }
    reader_members = { plan = "serviceAccount:bakeoff-ci-plan@my-project.iam.gserviceaccount.com" }
  }

  assert {
    condition     = toset(google_project_iam_custom_role.sweeper[0].permissions) == toset(["compute.disks.delete", "compute.instances.delete"])
    error_message = "permissions are ${jsonencode(google_project_iam_custom_role.sweeper[0].permissions)}"
  }

  assert {
    condition = [for grant in google_project_iam_member.sweeper : one(grant.condition[*].expression)] == [join(" || ", [
      "(resource.type == 'compute.googleapis.com/Disk' && resource.name.extract('/disks/{name}').startsWith('bakeoff-'))",
      "(resource.type == 'compute.googleapis.com/Instance' && resource.name.extract('/instances/{name}').startsWith('bakeoff-'))",
    ])]
    error_message = "what is not ours may be deleted: ${jsonencode([for grant in google_project_iam_member.sweeper : grant.condition])}"
  }

  assert {
    condition     = toset([for grant in google_storage_bucket_iam_member.client : grant.bucket]) == toset([for purpose in ["data", "staging", "temp", "state"] : "my-project-bakeoff-${purpose}"])
    error_message = "clients have roles on ${jsonencode([for grant in google_storage_bucket_iam_member.client : grant.bucket])}"
  }

  assert {
    condition     = [for grant in google_storage_bucket_iam_member.reader : "${grant.bucket} ${grant.role}"] == ["my-project-bakeoff-data roles/storage.objectViewer"]
    error_message = "readers have ${jsonencode(google_storage_bucket_iam_member.reader)}"
  }
}

run "a_budget_warns_before_and_at_the_amount" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "123", amount_usd = 50 }
  }

  assert {
    condition     = google_billing_budget.this[0].amount[0].specified_amount[0].units == "50" && tolist(google_billing_budget.this[0].budget_filter[0].projects) == tolist(["projects/123"])
    error_message = "amount is ${jsonencode(google_billing_budget.this[0].amount)}"
  }

  assert {
    condition     = toset([for rule in google_billing_budget.this[0].threshold_rules : "${rule.spend_basis} ${rule.threshold_percent}"]) == toset(["CURRENT_SPEND 0.5", "CURRENT_SPEND 0.9", "CURRENT_SPEND 1", "FORECASTED_SPEND 1"])
    error_message = "rules are ${jsonencode(google_billing_budget.this[0].threshold_rules)}"
  }
}

run "every_chart_shows_our_machines_alone" {
  command = plan

  assert {
    condition = length(local.charts) == 7 && alltrue([
      for widget in jsondecode(google_monitoring_dashboard.this.dashboard_json).gridLayout.widgets :
      endswith(widget.xyChart.dataSets[0].timeSeriesQuery.timeSeriesFilter.filter, " metadata.user_labels.\"bakeoff-lease\"=monitoring.regex.full_match(\".+\")")
    ])
    error_message = "a chart shows machines of others"
  }
}
