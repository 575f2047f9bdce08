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
  description = "Name of the bucket, unique in the whole of Cloud Storage."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "name must be 3 to 63 lower-case letters, digits, hyphens and underscores, start and end with a letter or digit, and not begin with 'goog'; received '${var.name}'."
  }
}

variable "location" {
  description = "Region of the bucket: that of the clusters, so that reading costs no egress."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.location))
    error_message = "location must be a region such as us-central1; received '${var.location}'."
  }
}

variable "versioning" {
  description = "Whether overwritten objects are kept (20 versions): on for Terraform's state, off for scratch."
  type        = bool
  nullable    = false
  default     = false
}

variable "expire_days" {
  description = "Days after which objects are deleted, by prefix of their names; the empty prefix stands for all."
  type        = map(number)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for prefix, days in var.expire_days : days == floor(days) && days >= 1 && days <= 3650])
    error_message = "expire_days must be whole numbers from 1 to 3650; received ${jsonencode(var.expire_days)}."
  }

  validation {
    condition     = alltrue([for prefix in keys(var.expire_days) : prefix == "" || endswith(prefix, "/")])
    error_message = "expire_days must name folders, prefixes that end with '/'; received ${jsonencode(keys(var.expire_days))}."
  }

  validation {
    condition     = !var.versioning || length(var.expire_days) == 0
    error_message = "expire_days must be empty when versioning is on, because what is worth versions must not expire; received ${jsonencode(var.expire_days)}."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy may delete the bucket with what is in it."
  type        = bool
  nullable    = false
  default     = false
}

variable "labels" {
  description = "Labels put on everything that takes labels."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores, 63 at most, keys beginning with a letter; received ${jsonencode(var.labels)}."
  }
}

