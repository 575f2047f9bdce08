terraform {
  required_version = ">= 1.9"

  # Pinned, so that two leases of a day are made by the same code. The modules hold from 7.46 on.
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "8.7.0"
    }
  }

  # bucket and prefix (leases/<lease id>) are given to terraform init by the client. The backend locks each state.
  backend "gcs" {}
}
