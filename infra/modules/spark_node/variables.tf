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

variable "name" {
  description = "Name of the node, as Dataproc names it: m for the master, w-0, w-1, ... for workers."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(m|w-(0|[1-9][0-9]*))$", var.name))
    error_message = "name must be m, or w- and a number; received '${var.name}'."
  }
}

variable "role" {
  description = "What runs on the node: master, worker, or single (both on one node)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(var.name == "m" ? ["master", "single"] : ["worker"], var.role)
    error_message = "role must be master or single for node m, and worker for the others; received '${var.role}' for '${var.name}'."
  }
}

variable "address" {
  description = "IPv4 address of the node."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost("${var.address}/32", 0))
    error_message = "address must be an IPv4 address; received '${var.address}'."
  }
}

variable "machine" {
  description = "Machine type of the node, and its vCPUs and memory (GB) according to the catalogue."
  nullable    = false

  type = object({
    type      = string
    vcpus     = number
    memory_gb = number
  })

  validation {
    condition     = var.machine.vcpus >= 1 && var.machine.memory_gb > 0
    error_message = "machine must have at least 1 vCPU and some memory; received ${var.machine.vcpus} and ${var.machine.memory_gb} GB."
  }
}

variable "disk" {
  description = "Disk of the node: its type and size (GB)."
  nullable    = false

  type = object({
    type = string
    gb   = number
  })

  validation {
    condition     = contains(["pd-standard", "pd-balanced", "pd-ssd"], var.disk.type)
    error_message = "disk.type must be one of pd-standard, pd-balanced, pd-ssd; received '${var.disk.type}'."
  }

  validation {
    condition     = var.disk.gb == floor(var.disk.gb) && var.disk.gb >= 10 && var.disk.gb <= 65536
    error_message = "disk.gb must be a whole number from 10 to 65536; received ${var.disk.gb}."
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

variable "storage" {
  description = "Where the object store is: its URL and port."
  nullable    = false

  type = object({
    endpoint = string
    port     = number
  })

  validation {
    condition     = can(regex("^http://[0-9.]+:[0-9]+$", var.storage.endpoint))
    error_message = "storage.endpoint must be of the form http://address:port; received '${var.storage.endpoint}'."
  }
}

variable "workers" {
  description = "Number of workers of the whole cluster. A change of it alone restarts no node."
  type        = number
  nullable    = false

  validation {
    condition     = var.workers == floor(var.workers) && var.workers >= 0
    error_message = "workers must be a whole number, 0 or more; received ${var.workers}."
  }
}

variable "restart_with" {
  description = "Identity of what this node cannot outlive: when it changes, the node restarts. Empty for none."
  type        = string
  default     = ""
  nullable    = false
}
