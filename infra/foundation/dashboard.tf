# One dashboard for all leases: the node metrics that Compute Engine has, one line per machine. Memory is not among them.

locals {
  lease_label = "metadata.user_labels.\"bakeoff-lease\""
  charts = {
    "CPU used, share of all vCPUs"       = { metric = "cpu/utilization", aligner = "ALIGN_MEAN" }
    "Packets received per second"        = { metric = "network/received_packets_count", aligner = "ALIGN_RATE" }
    "Packets sent per second"            = { metric = "network/sent_packets_count", aligner = "ALIGN_RATE" }
    "Disk reads per second"              = { metric = "disk/read_ops_count", aligner = "ALIGN_RATE" }
    "Disk writes per second"             = { metric = "disk/write_ops_count", aligner = "ALIGN_RATE" }
    "Disk reads held back by limits, /s" = { metric = "disk/throttled_read_ops_count", aligner = "ALIGN_RATE" }
    "Disk bytes read per second"         = { metric = "disk/read_bytes_count", aligner = "ALIGN_RATE" }
  }
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = var.name
    labels      = { bakeoff = "" }

    gridLayout = {
      columns = "2"

      widgets = [
        for title, chart in local.charts : {
          title = title

          xyChart = {
            dataSets = [
              {
                plotType       = "LINE"
                legendTemplate = "$${${replace(local.lease_label, "\"", "")}} $${resource.labels.instance_id}"

                timeSeriesQuery = {
                  timeSeriesFilter = {
                    # Machines that have the label, whatever it says (cloud.google.com/monitoring/api/v3/filters).
                    filter = "metric.type=\"compute.googleapis.com/instance/${chart.metric}\" resource.type=\"gce_instance\" ${local.lease_label}=monitoring.regex.full_match(\".+\")"

                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = "REDUCE_SUM"
                      groupByFields      = [local.lease_label, "resource.label.\"instance_id\""]
                    }
                  }
                }
              }
            ]
          }
        }
      ]
    }
  })
}
