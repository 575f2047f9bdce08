terraform {
  required_version = ">= 1.9"

  # Held to the schemas of 7.46 and 8.7 by tests/infra/gcp_terraform.
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.46, < 9"
    }
  }

  # bucket is given to terraform init; the backend locks the state.
  backend "gcs" {
    prefix = "foundation"
  }
}
