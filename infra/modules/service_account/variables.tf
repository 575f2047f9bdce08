variable "project_id" {
  description = "Project that this is in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens; received '${var.project_id}'."
  }
}

variable "account_id" {
  description = "Name of the account, the part of its address before the @."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.account_id))
    error_message = "account_id must be 6 to 30 lower-case letters, digits and hyphens, and start with a letter; received '${var.account_id}'."
  }
}

variable "display_name" {
  description = "What the account is for."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.display_name) >= 1 && length(var.display_name) <= 100
    error_message = "display_name must have 1 to 100 characters; received '${var.display_name}'."
  }
}

variable "project_roles" {
  description = "Roles on the project."
  type        = set(string)
  nullable    = false
  default     = []

  validation {
    condition     = alltrue([for role in var.project_roles : can(regex("^(roles/|projects/[^/]+/roles/|organizations/[^/]+/roles/)[A-Za-z0-9_.]+$", role))])
    error_message = "project_roles must be roles such as roles/dataproc.worker; received ${jsonencode(var.project_roles)}."
  }

  validation {
    condition     = alltrue([for role in var.project_roles : !contains(["roles/owner", "roles/editor", "roles/viewer"], role)])
    error_message = "project_roles must not be a basic role, because those reach the whole project; received ${jsonencode(var.project_roles)}."
  }
}

variable "bucket_roles" {
  description = "Roles on buckets, by any name: the bucket and the role."
  type        = map(object({ bucket = string, role = string }))
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for grant in var.bucket_roles : startswith(grant.role, "roles/storage.") && grant.role != "roles/storage.admin"])
    error_message = "bucket_roles must be roles of Cloud Storage below admin, such as roles/storage.objectUser; received ${jsonencode([for grant in var.bucket_roles : grant.role])}."
  }
}

variable "users" {
  description = "Who may start jobs and machines as this account, by any name: members such as group:data@example.com."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for member in var.users : can(regex("^(user|group|serviceAccount):[^:@ ]+@[^:@ ]+$", member))])
    error_message = "users must be members such as group:data@example.com, and never everyone; received ${jsonencode(values(var.users))}."
  }
}

variable "federated" {
  description = "Federated identities that may become this account, by any name: single principals of a workload identity pool."
  type        = map(string)
  nullable    = false
  default     = {}

  validation {
    condition     = alltrue([for member in var.federated : can(regex("^principal://", member))])
    error_message = "federated must be single identities, principal://...; received ${jsonencode(values(var.federated))}."
  }
}
