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
  description = "Name of the pool. A deleted pool's name stays taken for 30 days."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{4,32}$", var.name)) && !startswith(var.name, "gcp-")
    error_message = "name must be 4 to 32 lower-case letters, digits and hyphens, and not begin with gcp-; received '${var.name}'."
  }
}

variable "repository" {
  description = "GitHub repository whose workflows get in, as owner/name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be owner/name; received '${var.repository}'."
  }
}

variable "repository_id" {
  description = "Number of the repository, which a later owner of the same name does not get; null to go by name alone."
  type        = string
  default     = null

  validation {
    condition     = var.repository_id == null || can(regex("^[0-9]+$", var.repository_id))
    error_message = "repository_id must be digits; received '${coalesce(var.repository_id, "null")}'."
  }
}

variable "branch" {
  description = "The branch whose workflows, other than those of pull requests, get in."
  type        = string
  nullable    = false
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.branch))
    error_message = "branch must be the name of one branch; received '${var.branch}'."
  }
}
