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
  description = "Region of network, buckets and clusters."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a Compute Engine region such as us-central1; received '${var.region}'."
  }
}

variable "zone" {
  description = "Zone of the clusters, in the region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+-[a-z]$", var.zone)) && startswith(var.zone, "${var.region}-")
    error_message = "zone must be a zone of the region, such as us-central1-a; received '${var.zone}' and region '${var.region}'."
  }
}

variable "state_bucket" {
  description = "Bucket of Terraform's states, made by bootstrap."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of a bucket, without gs://; received '${var.state_bucket}'."
  }
}

variable "name" {
  description = "Prefix of the names of what is made."
  type        = string
  nullable    = false
  default     = "bakeoff"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; received '${var.name}'."
  }
}

variable "labels" {
  description = "Labels put on everything that takes labels, by this and by every lease."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores, 63 at most, keys beginning with a letter; received ${jsonencode(var.labels)}."
  }

  validation {
    condition     = alltrue([for key in keys(var.labels) : !startswith(key, "bakeoff")])
    error_message = "labels beginning with bakeoff are bakeoff's own; received ${jsonencode(keys(var.labels))}."
  }
}

variable "network_cidr" {
  description = "Private IPv4 range of our subnet; 4 addresses are Google's, every node takes one."
  type        = string
  nullable    = false
  default     = "10.64.0.0/20"

  validation {
    condition     = try(cidrsubnet(var.network_cidr, 0, 0) == var.network_cidr, false) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.network_cidr))
    error_message = "network_cidr must be an IPv4 network of a private range (RFC 1918), such as 10.64.0.0/20; received '${var.network_cidr}'."
  }

  validation {
    condition     = can(regex("/(1[2-9]|2[0-6])$", var.network_cidr))
    error_message = "network_cidr must have a prefix of /12 to /26, so that a cluster fits; received '${var.network_cidr}'."
  }
}

variable "nat" {
  description = "Whether nodes of our subnet may open connections to the internet: only needed for what is not in the bucket, such as GPU drivers."
  type        = bool
  nullable    = false
  default     = false
}

variable "subnetwork" {
  description = "A private subnet to use, by name or self link, with Private Google Access and ingress among nodes tagged bakeoff; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.subnetwork == null || can(regex("^([a-z]([a-z0-9-]{0,61}[a-z0-9])?|(https://www\\.googleapis\\.com/compute/v1/)?projects/[^/]+/regions/[^/]+/subnetworks/[^/]+)$", var.subnetwork))
    error_message = "subnetwork must be the name of a subnet or its self link, .../projects/<project>/regions/<region>/subnetworks/<name>; received '${coalesce(var.subnetwork, "null")}'."
  }
}

variable "service_account" {
  description = "A service account for Dataproc's nodes; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.service_account == null || can(regex("^[^@ ]+@[^@ ]+\\.gserviceaccount\\.com$", var.service_account))
    error_message = "service_account must be the address of a service account; received '${coalesce(var.service_account, "null")}'."
  }
}

variable "vertex_service_account" {
  description = "A service account for Vertex AI's machines; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.vertex_service_account == null || can(regex("^[^@ ]+@[^@ ]+\\.gserviceaccount\\.com$", var.vertex_service_account))
    error_message = "vertex_service_account must be the address of a service account; received '${coalesce(var.vertex_service_account, "null")}'."
  }
}

variable "bucket" {
  description = "A bucket for data, leases and records; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be the name of a bucket, without gs://; received '${coalesce(var.bucket, "null")}'."
  }
}

variable "staging_bucket" {
  description = "A bucket for what Dataproc stages; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.staging_bucket == null || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.staging_bucket))
    error_message = "staging_bucket must be the name of a bucket, without gs://; received '${coalesce(var.staging_bucket, "null")}'."
  }
}

variable "temp_bucket" {
  description = "A bucket for Dataproc's short-lived data; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.temp_bucket == null || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.temp_bucket))
    error_message = "temp_bucket must be the name of a bucket, without gs://; received '${coalesce(var.temp_bucket, "null")}'."
  }
}

variable "run_data_days" {
  description = "Days after which what leases write (leases/ in our data bucket) is deleted."
  type        = number
  nullable    = false
  default     = 14

  validation {
    condition     = var.run_data_days == floor(var.run_data_days) && var.run_data_days >= 1 && var.run_data_days <= 3650
    error_message = "run_data_days must be a whole number from 1 to 3650; received ${var.run_data_days}."
  }
}

variable "scratch_days" {
  description = "Days after which objects in our staging and temp buckets are deleted."
  type        = number
  nullable    = false
  default     = 7

  validation {
    condition     = var.scratch_days == floor(var.scratch_days) && var.scratch_days >= 1 && var.scratch_days <= 3650
    error_message = "scratch_days must be a whole number from 1 to 3650; received ${var.scratch_days}."
  }
}

variable "client_members" {
  description = "Who runs bakeoff, by any name: members such as group:data@example.com."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for member in var.client_members : can(regex("^(user|group|serviceAccount):[^:@ ]+@[^:@ ]+$", member))])
    error_message = "client_members must be such as group:data@example.com, and never everyone; received ${jsonencode(values(var.client_members))}."
  }
}

variable "cleaner_members" {
  description = "Who runs bakeoff clean and nothing else, by any name: CI's account for clean."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for member in var.cleaner_members : can(regex("^(user|group|serviceAccount):[^:@ ]+@[^:@ ]+$", member))])
    error_message = "cleaner_members must be such as group:data@example.com, and never everyone; received ${jsonencode(values(var.cleaner_members))}."
  }
}

variable "reader_members" {
  description = "Who may read the data bucket, shared records among it, by any name: CI's account for plans."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for member in var.reader_members : can(regex("^(user|group|serviceAccount):[^:@ ]+@[^:@ ]+$", member))])
    error_message = "reader_members must be such as group:data@example.com, and never everyone; received ${jsonencode(values(var.reader_members))}."
  }
}

variable "budget" {
  description = "An alert on the project's spending in a month; null for none."
  default     = null

  type = object({
    billing_account = string
    project_number  = string
    amount_usd      = number
  })

  validation {
    condition     = var.budget == null || try(can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) && can(regex("^[0-9]+$", var.budget.project_number)) && var.budget.amount_usd >= 1 && var.budget.amount_usd == floor(var.budget.amount_usd), false)
    error_message = "budget must have a billing_account of the form 012345-6789AB-CDEF01, a project_number of digits and a whole amount_usd of at least 1; received ${jsonencode(var.budget)}."
  }
}
