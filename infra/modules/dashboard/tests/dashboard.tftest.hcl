mock_provider "google" {}

variables {
  project_id = "my-project"
  name       = "bakeoff"
}

run "every_chart_shows_our_machines_alone" {
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.this.dashboard_json).gridLayout.widgets) == 8
    error_message = "there are ${length(jsondecode(google_monitoring_dashboard.this.dashboard_json).gridLayout.widgets)} charts"
  }

  assert {
    condition = alltrue([
      for widget in jsondecode(google_monitoring_dashboard.this.dashboard_json).gridLayout.widgets :
      strcontains(widget.xyChart.dataSets[0].timeSeriesQuery.timeSeriesFilter.filter, "metadata.user_labels.\"bakeoff-lease\":*")
    ])
    error_message = "a chart shows machines of others"
  }
}
