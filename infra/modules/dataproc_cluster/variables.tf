variable "project_id" {
  description = "Project that this is in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens; received '${var.project_id}'."
  }
}

variable "name" {
  description = "Name of the cluster, and prefix of its nodes' names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^bakeoff-[a-z][a-z0-9]{5}$", var.name))
    error_message = "name must be bakeoff- and the lease id, by which clean knows it; received '${var.name}'."
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

variable "node_tag" {
  description = "Network tag of the nodes."
  type        = string
  nullable    = false
  default     = "bakeoff"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.node_tag))
    error_message = "node_tag must be 1 to 63 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; received '${var.node_tag}'."
  }
}

variable "shape" {
  description = "The scenario: what the nodes are. Its rules are those of targets/gcp, and no spot workers beside accelerators."
  nullable    = false

  type = object({
    workers             = number
    machine_type        = string
    master_machine_type = string
    disk_type           = string
    disk_gb             = number
    spot_workers        = optional(number, 0)
    accelerator_type    = optional(string)
    accelerator_count   = optional(number, 0)
  })

  validation {
    condition     = var.shape.workers >= 2 || (var.shape.workers == 0 && var.shape.spot_workers == 0)
    error_message = "shape.workers must be at least 2, or 0 without spot_workers; received ${var.shape.workers} and ${var.shape.spot_workers}."
  }

  validation {
    condition     = (var.shape.accelerator_type == null) == (var.shape.accelerator_count == 0)
    error_message = "shape.accelerator_type and shape.accelerator_count go together; received '${coalesce(var.shape.accelerator_type, "null")}' and ${var.shape.accelerator_count}."
  }

  # preemptible_worker_config of the provider has no accelerators: half of the cluster would be of another kind.
  validation {
    condition     = var.shape.spot_workers == 0 || var.shape.accelerator_count == 0
    error_message = "shape.spot_workers cannot have accelerators, which the provider gives to regular workers alone; received ${var.shape.spot_workers} and ${var.shape.accelerator_count} per machine."
  }
}

variable "image_version" {
  description = "Dataproc image: the 2.2 or 2.3 line, which have Spark 3.5 as the local target has."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^2\\.[23](\\.[0-9]+)?-(debian12|ubuntu22|rocky9)$", var.image_version))
    error_message = "image_version must be of the 2.2 or 2.3 line, because those have Spark 3.5, such as 2.2-debian12; received '${var.image_version}'."
  }
}

variable "dependencies_uri" {
  description = "Folder in a bucket with install.sh and what it installs, gs://bucket/folder; empty if the image has all."
  type        = string
  nullable    = false

  validation {
    condition     = var.dependencies_uri == "" || can(regex("^gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]/.*[^/]$", var.dependencies_uri))
    error_message = "dependencies_uri must be gs://bucket/folder without a last slash, or empty; received '${var.dependencies_uri}'."
  }
}

variable "expires_at" {
  description = "When Google deletes the cluster at the latest, RFC 3339 in UTC."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", var.expires_at)) && can(timeadd(var.expires_at, "0s"))
    error_message = "expires_at must be a time in UTC such as 2026-11-24T20:00:00Z; received '${var.expires_at}'."
  }
}

variable "idle_delete_s" {
  description = "Seconds without a job after which Google deletes the cluster."
  type        = number
  nullable    = false

  validation {
    condition     = var.idle_delete_s == floor(var.idle_delete_s) && var.idle_delete_s >= 300 && var.idle_delete_s <= 1209600
    error_message = "idle_delete_s must be a whole number from 300 to 1209600 (Dataproc's limits); received ${var.idle_delete_s}."
  }
}

variable "labels" {
  description = "Labels of the cluster and, by Dataproc, of its machines and disks: bakeoff-lease, -scenario and -expires among them."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores, 63 at most, keys beginning with a letter; received ${jsonencode(var.labels)}."
  }

  validation {
    condition     = length(setintersection(keys(var.labels), ["bakeoff-lease", "bakeoff-scenario", "bakeoff-expires"])) == 3
    error_message = "labels must hold bakeoff-lease, bakeoff-scenario and bakeoff-expires, by which clean knows what is ours; received ${jsonencode(var.labels)}."
  }
}
