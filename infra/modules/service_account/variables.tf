variable "project_id" {
  description = "Project that this is in."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "Name of the account, the part of its address before the @."
  type        = string
  nullable    = false
}

variable "display_name" {
  description = "What the account is for."
  type        = string
  nullable    = false
}

variable "project_roles" {
  description = "Roles on the project."
  type        = set(string)
  nullable    = false
  default     = []
}

variable "bucket_roles" {
  description = "Roles on buckets, by any name: the bucket and the role."
  type        = map(object({ bucket = string, role = string }))
  nullable    = false
  default     = {}
}

variable "users" {
  description = "Who may start jobs and machines as this account, by any name: members such as group:data@example.com."
  type        = map(string)
  nullable    = false
  default     = {}
}

variable "federated" {
  description = "Federated identities that may become this account, by any name: principal sets of a workload identity pool."
  type        = map(string)
  nullable    = false
  default     = {}
}
