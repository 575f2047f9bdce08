mock_provider "google" {}

variables {
  project_id = "my-project"
  services   = ["dataproc.googleapis.com", "compute.googleapis.com"]
}

run "enabled_and_left_on" {
  assert {
    condition     = alltrue([for service in google_project_service.this : service.disable_on_destroy == false && service.project == "my-project"])
    error_message = "a destroy would switch APIs off"
  }

  assert {
    condition     = toset(output.services) == toset(["compute.googleapis.com", "dataproc.googleapis.com"])
    error_message = "services are ${jsonencode(output.services)}"
  }
}
