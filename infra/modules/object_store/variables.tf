variable "lease" {
  description = "The lease this belongs to: its id and directory, where the code and its Python are, and how its nodes are kept apart."
  nullable    = false

  type = object({
    id                   = string
    dir                  = string
    project_dir          = string
    python               = string
    isolation            = string
    network_cidr         = string
    local_cores_per_vcpu = number
  })

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{5}$", var.lease.id))
    error_message = "lease.id must be 6 lower-case letters and digits, the first a letter; received '${var.lease.id}'."
  }

  validation {
    condition     = alltrue([for path in [var.lease.dir, var.lease.project_dir, var.lease.python] : startswith(path, "/")])
    error_message = "lease.dir, lease.project_dir and lease.python must be absolute paths; received '${var.lease.dir}', '${var.lease.project_dir}' and '${var.lease.python}'."
  }

  validation {
    condition     = contains(["namespaces", "none"], var.lease.isolation)
    error_message = "lease.isolation must be namespaces or none; received '${var.lease.isolation}'."
  }

  validation {
    condition     = can(cidrhost(var.lease.network_cidr, 254)) && endswith(var.lease.network_cidr, "/24")
    error_message = "lease.network_cidr must be an IPv4 network of the form a.b.c.0/24; received '${var.lease.network_cidr}'."
  }

  validation {
    condition     = var.lease.local_cores_per_vcpu > 0 && var.lease.local_cores_per_vcpu <= 4
    error_message = "lease.local_cores_per_vcpu must be greater than 0 and at most 4; received ${var.lease.local_cores_per_vcpu}."
  }
}

variable "address" {
  description = "IPv4 address the object store listens on."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost("${var.address}/32", 0))
    error_message = "address must be an IPv4 address; received '${var.address}'."
  }
}

variable "port" {
  description = "TCP port the object store listens on."
  type        = number
  nullable    = false

  validation {
    condition     = var.port == floor(var.port) && var.port >= 1024 && var.port <= 65535
    error_message = "port must be a whole number from 1024 to 65535; received ${var.port}."
  }
}

variable "master" {
  description = "Where the Spark master is: its address and the ports of its protocol and of its web page."
  nullable    = false

  type = object({
    address    = string
    port       = number
    webui_port = number
  })

  validation {
    condition     = alltrue([for port in [var.master.port, var.master.webui_port] : port == floor(port) && port >= 1024 && port <= 65535])
    error_message = "master.port and master.webui_port must be whole numbers from 1024 to 65535; received ${var.master.port} and ${var.master.webui_port}."
  }
}
