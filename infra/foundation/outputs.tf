output "gcp_toml" {
  description = "Text of gcp.toml, which tells bakeoff where on Google Cloud: names, no secrets."
  depends_on = [
    google_compute_firewall.internal,
    google_compute_router_nat.this,
    google_project_iam_member.client,
    google_project_iam_member.sweeper,
    google_storage_bucket_iam_member.client,
  ]

  value = join("\n", concat(
    ["# Written by: terraform -chdir=infra/foundation output -raw gcp_toml"],
    [for name, value in local.settings : "${name} = ${jsonencode(value)}"],
    ["", "[labels]"],
    [for name, value in var.labels : "${name} = ${jsonencode(value)}"],
    [""],
  ))
}

output "dashboard" {
  description = "Whole name of the monitoring dashboard."
  value       = google_monitoring_dashboard.this.id
}
