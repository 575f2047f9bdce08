terraform {
  required_version = ">= 1.9"

  # Held to the schemas of 7.46 and 8.7 by tests/infra/modules.
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.46, < 9"
    }
  }
}
