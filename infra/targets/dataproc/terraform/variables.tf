# The shape: the same variables on every target, with values from infra/scenarios/<name>.tfvars. Their rules are those of
# modules/shape; here stand only those of this target.

variable "name" {
  description = "Name of the scenario."
  type        = string
  nullable    = false
}

variable "workers" {
  description = "Number of workers beside the master; 0 for a single node that is both."
  type        = number
  nullable    = false
}

variable "machine_type" {
  description = "Compute Engine machine type of each worker, or of the single node."
  type        = string
  nullable    = false

  validation {
    condition     = var.machine_type != "n1-standard-1"
    error_message = "machine_type must not be n1-standard-1 on gcp, because Dataproc's images 2.0 and later do not run on it (take n1-standard-2; in place of eight-tiny-standard, four-small-standard); received '${var.machine_type}'."
  }
}

variable "master_machine_type" {
  description = "Compute Engine machine type of the master. On a single node the same as machine_type."
  type        = string
  nullable    = false

  validation {
    condition     = var.master_machine_type != "n1-standard-1"
    error_message = "master_machine_type must not be n1-standard-1 on gcp, because Dataproc's images 2.0 and later do not run on it (take n1-standard-2; in place of eight-tiny-standard, four-small-standard); received '${var.master_machine_type}'."
  }
}

variable "disk_type" {
  description = "Persistent disk type of every node."
  type        = string
  nullable    = false
}

variable "disk_gb" {
  description = "Size of every node's disk, in GB as Google counts them (GiB)."
  type        = number
  nullable    = false
}

variable "spot_workers" {
  description = "Number of secondary workers on Spot VMs, beside the workers."
  type        = number
  nullable    = false
  default     = 0
}

variable "accelerator_type" {
  description = "GPU type of each worker, or of the single node, such as nvidia-tesla-t4; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.accelerator_type == null || can(regex("^[a-z][a-z0-9-]+$", var.accelerator_type))
    error_message = "accelerator_type must be the short name of a GPU type, such as nvidia-tesla-t4; received '${coalesce(var.accelerator_type, "null")}'."
  }
}

variable "accelerator_count" {
  description = "Number of GPUs per machine."
  type        = number
  nullable    = false
  default     = 0
}

# The lease. Values are chosen by the client, once per cluster, from gcp.toml (the foundation's output) and the budget.

variable "lease_id" {
  description = "Identity of this cluster; part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{5}$", var.lease_id))
    error_message = "lease_id must be 6 lower-case letters and digits, the first a letter; received '${var.lease_id}'."
  }
}

variable "project_id" {
  description = "Project that this is in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens; received '${var.project_id}'."
  }
}

variable "region" {
  description = "Region of the cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a Compute Engine region such as us-central1; received '${var.region}'."
  }
}

variable "zone" {
  description = "Zone of the nodes, in the region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone)) && startswith(var.zone, "${var.region}-")
    error_message = "zone must be a zone of the region, such as us-central1-a; received '${var.zone}' and region '${var.region}'."
  }
}

variable "subnetwork" {
  description = "Private subnet of the nodes, by name or self link. It needs Private Google Access, and nodes must reach each other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z]([a-z0-9-]{0,61}[a-z0-9])?|(https://www\\.googleapis\\.com/compute/v1/)?projects/[^/]+/regions/[^/]+/subnetworks/[^/]+)$", var.subnetwork))
    error_message = "subnetwork must be the name of a subnet or its self link, .../projects/<project>/regions/<region>/subnetworks/<name>; received '${var.subnetwork}'."
  }
}

variable "service_account" {
  description = "Address of the service account that the nodes are."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+\\.gserviceaccount\\.com$", var.service_account)) && !endswith(var.service_account, "-compute@developer.gserviceaccount.com")
    error_message = "service_account must be the address of a service account, and not Compute Engine's default one, which may do too much; received '${var.service_account}'."
  }
}

variable "staging_bucket" {
  description = "Bucket in which Dataproc stages jobs and keeps drivers' output; its name, without gs://."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.staging_bucket))
    error_message = "staging_bucket must be the name of a bucket, without gs://; received '${var.staging_bucket}'."
  }
}

variable "temp_bucket" {
  description = "Bucket of Dataproc's short-lived data; its name, without gs://."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.temp_bucket))
    error_message = "temp_bucket must be the name of a bucket, without gs://; received '${var.temp_bucket}'."
  }
}

variable "bucket" {
  description = "Bucket that jobs read and write; its name, without gs://."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be the name of a bucket, without gs://; received '${var.bucket}'."
  }
}

variable "image_version" {
  description = "Dataproc image: the newest of a line, such as 2.3-debian12, or an exact one, such as 2.3.10-debian12."
  type        = string
  nullable    = false
  default     = "2.3-debian12"

  validation {
    condition     = can(regex("^(2\\.[23]|3\\.0)(\\.[0-9]+)?-(debian12|ubuntu2[24]|rocky9)$", var.image_version))
    error_message = "image_version must be of the lines 2.2, 2.3 or 3.0, such as 2.3-debian12 or 2.3.10-debian12; received '${var.image_version}'."
  }
}

variable "dependencies_uri" {
  description = "Folder in a bucket with install.sh and what it installs, gs://bucket/folder; empty if the image has all."
  type        = string
  nullable    = false
  default     = ""

  validation {
    condition     = var.dependencies_uri == "" || can(regex("^gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]/.*[^/]$", var.dependencies_uri))
    error_message = "dependencies_uri must be gs://bucket/folder without a last slash, or empty; received '${var.dependencies_uri}'."
  }
}

variable "expires_unix_s" {
  description = "When Google deletes the cluster at the latest, in Unix seconds, as its label says it too."
  type        = number
  nullable    = false

  validation {
    condition     = var.expires_unix_s == floor(var.expires_unix_s) && var.expires_unix_s >= 1000000000 && var.expires_unix_s <= 9000000000
    error_message = "expires_unix_s must be a time in whole Unix seconds, such as 1795550400; received ${var.expires_unix_s}."
  }
}

variable "idle_delete_s" {
  description = "Seconds without a job after which Google deletes the cluster."
  type        = number
  nullable    = false
  default     = 1800

  validation {
    condition     = var.idle_delete_s == floor(var.idle_delete_s) && var.idle_delete_s >= 300 && var.idle_delete_s <= 1209600
    error_message = "idle_delete_s must be a whole number from 300 to 1209600 (Dataproc's limits); received ${var.idle_delete_s}."
  }
}

variable "labels" {
  description = "Further labels of the cluster, its machines and disks."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores, 63 at most, keys beginning with a letter; received ${jsonencode(var.labels)}."
  }

  validation {
    condition     = alltrue([for key in keys(var.labels) : !startswith(key, "bakeoff-")])
    error_message = "labels beginning with bakeoff- are bakeoff's own; received ${jsonencode(keys(var.labels))}."
  }
}
