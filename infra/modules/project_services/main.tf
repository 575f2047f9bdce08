# APIs of the project. They stay on when this is destroyed: others may have come to need them.

resource "google_project_service" "this" {
  for_each = var.services

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}
