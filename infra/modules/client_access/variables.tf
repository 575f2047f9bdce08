variable "project_id" {
  description = "Project that this is in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens; received '${var.project_id}'."
  }
}

variable "members" {
  description = "Who runs bakeoff, by any name: members such as group:data@example.com."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for member in var.members : can(regex("^(user|group|serviceAccount):[^:@ ]+@[^:@ ]+$", member))])
    error_message = "members must be such as group:data@example.com, and never everyone; received ${jsonencode(values(var.members))}."
  }
}

variable "buckets" {
  description = "Buckets that they read and write, by any name."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for bucket in var.buckets : can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", bucket))])
    error_message = "buckets must be names of buckets, without gs://; received ${jsonencode(values(var.buckets))}."
  }
}

variable "sweeper_role_id" {
  description = "Name of the role that may delete what outlived its cluster."
  type        = string
  nullable    = false
  default     = "bakeoffSweeper"

  validation {
    condition     = can(regex("^[A-Za-z0-9_.]{3,64}$", var.sweeper_role_id))
    error_message = "sweeper_role_id must be 3 to 64 letters, digits, underscores and dots; received '${var.sweeper_role_id}'."
  }
}
