variable "project_id" {
  description = "Project that the network is in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens; received '${var.project_id}'."
  }
}

variable "name" {
  description = "Name of the network, and prefix of what is in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "name must be 1 to 40 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; received '${var.name}'."
  }
}

variable "region" {
  description = "Region of the subnet."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a Compute Engine region such as us-central1; received '${var.region}'."
  }
}

variable "cidr" {
  description = "Private IPv4 range of the subnet; 4 addresses are Google's, every node takes one."
  type        = string
  nullable    = false

  validation {
    condition     = try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr))
    error_message = "cidr must be an IPv4 network of a private range (RFC 1918), such as 10.64.0.0/20; received '${var.cidr}'."
  }

  validation {
    condition     = can(regex("/(1[2-9]|2[0-6])$", var.cidr))
    error_message = "cidr must have a prefix of /12 to /26, so that a cluster fits; received '${var.cidr}'."
  }
}

variable "node_tag" {
  description = "Network tag of the nodes that may talk to each other."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.node_tag))
    error_message = "node_tag must be 1 to 63 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; received '${var.node_tag}'."
  }
}

variable "nat" {
  description = "Whether nodes may open connections to the internet: only needed for what is not in the bucket, such as GPU drivers."
  type        = bool
  nullable    = false
  default     = false
}
