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
  description = "Region of the state bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a Compute Engine region such as us-central1; received '${var.region}'."
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
  description = "Labels put on everything that takes labels."
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

variable "state_bucket" {
  description = "A bucket for Terraform's states, with versioning; null for one of ours."
  type        = string
  default     = null

  validation {
    condition     = var.state_bucket == null || can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of a bucket, without gs://; received '${coalesce(var.state_bucket, "null")}'."
  }
}

variable "github_repository" {
  description = "GitHub repository whose workflows may plan and clean without a key, as owner/name; null for no access of CI."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be owner/name; received '${coalesce(var.github_repository, "null")}'."
  }
}

variable "github_repository_id" {
  description = "Number of the repository, which a later owner of the same name does not get; required with github_repository."
  type        = string
  default     = null

  validation {
    condition     = (var.github_repository_id == null) == (var.github_repository == null) && can(regex("^[0-9]+$", coalesce(var.github_repository_id, "0")))
    error_message = "github_repository_id must be digits, and goes with github_repository (gh api repos/OWNER/NAME --jq .id); received '${coalesce(var.github_repository_id, "null")}' and '${coalesce(var.github_repository, "null")}'."
  }
}

variable "github_repository_owner_id" {
  description = "Number of the repository's owner, so that a repository given away does not get in; required with github_repository."
  type        = string
  default     = null

  validation {
    condition     = (var.github_repository_owner_id == null) == (var.github_repository == null) && can(regex("^[0-9]+$", coalesce(var.github_repository_owner_id, "0")))
    error_message = "github_repository_owner_id must be digits, and goes with github_repository (gh api repos/OWNER/NAME --jq .owner.id); received '${coalesce(var.github_repository_owner_id, "null")}' and '${coalesce(var.github_repository, "null")}'."
  }
}
