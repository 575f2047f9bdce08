# One dashboard for all leases: the node metrics that bakeoff collects, one line per machine.

locals {
  label = "metadata.user_labels.\"bakeoff-lease\""
  charts = {
    "CPU used, share of all vCPUs"       = { metric = "compute.googleapis.com/instance/cpu/utilization", aligner = "ALIGN_MEAN" }
    "Memory used, percent (agent)"       = { metric = "agent.googleapis.com/memory/percent_used", aligner = "ALIGN_MEAN", only = " metric.label.\"state\"=\"used\"" }
    "Packets received per second"        = { metric = "compute.googleapis.com/instance/network/received_packets_count", aligner = "ALIGN_RATE" }
    "Packets sent per second"            = { metric = "compute.googleapis.com/instance/network/sent_packets_count", aligner = "ALIGN_RATE" }
    "Disk reads per second"              = { metric = "compute.googleapis.com/instance/disk/read_ops_count", aligner = "ALIGN_RATE" }
    "Disk writes per second"             = { metric = "compute.googleapis.com/instance/disk/write_ops_count", aligner = "ALIGN_RATE" }
    "Disk reads held back by limits, /s" = { metric = "compute.googleapis.com/instance/disk/throttled_read_ops_count", aligner = "ALIGN_RATE" }
    "Disk bytes read per second"         = { metric = "compute.googleapis.com/instance/disk/read_bytes_count", aligner = "ALIGN_RATE" }
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
                legendTemplate = "$${${replace(local.label, "\"", "")}} $${resource.labels.instance_id}"

                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = "metric.type=\"${chart.metric}\" resource.type=\"gce_instance\" ${local.label}:*${lookup(chart, "only", "")}"

                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = "REDUCE_SUM"
                      groupByFields      = [local.label, "resource.label.\"instance_id\""]
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
