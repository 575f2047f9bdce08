terraform {
  required_version = ">= 1.9"

  # Pinned, so that two applies of a day are made by the same code.
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "8.7.0"
    }
  }
}
