# The shape: the same variables on every target, with values from infra/scenarios/<name>.tfvars. Their rules are those of
# modules/shape; here stand only those of this target.

variable "name" {
  description = "Name of the scenario."
  type        = string
  nullable    = false
}

variable "workers" {
  description = "Number of workers beside the master; 0 for a single node that is both."
  type        = number
  nullable    = false
}

variable "machine_type" {
  description = "Compute Engine machine type of each worker, or of the single node."
  type        = string
  nullable    = false
}

variable "master_machine_type" {
  description = "Compute Engine machine type of the master. On a single node the same as machine_type."
  type        = string
  nullable    = false
}

variable "disk_type" {
  description = "Persistent disk type of every node."
  type        = string
  nullable    = false
}

variable "disk_gb" {
  description = "Size of every node's disk, in GB as Google counts them (GiB)."
  type        = number
  nullable    = false
}

variable "spot_workers" {
  description = "Number of secondary workers on Spot VMs, beside the workers. Only on gcp."
  type        = number
  nullable    = false
  default     = 0

  validation {
    condition     = var.spot_workers == 0
    error_message = "spot_workers must be 0 on the local target, because a host has no Spot VMs (use --target gcp); received ${var.spot_workers}."
  }
}

variable "accelerator_type" {
  description = "GPU type of each worker, or of the single node, such as nvidia-tesla-t4; null for none. Only on gcp."
  type        = string
  default     = null

  validation {
    condition     = var.accelerator_type == null
    error_message = "accelerator_type must be null on the local target, because its nodes have no GPUs (use --target gcp); received '${coalesce(var.accelerator_type, "null")}'."
  }
}

variable "accelerator_count" {
  description = "Number of GPUs per machine."
  type        = number
  nullable    = false
  default     = 0
}

# The lease. Values are chosen by infra/leases/lease.py, once per cluster.

variable "lease_id" {
  description = "Identity of this cluster; part of every name on the host."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{5}$", var.lease_id))
    error_message = "lease_id must be 6 lower-case letters and digits, the first a letter; received '${var.lease_id}'."
  }
}

variable "lease_dir" {
  description = "Folder of this lease: nodes, logs, data of the object store."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.lease_dir, "/")
    error_message = "lease_dir must be an absolute path; received '${var.lease_dir}'."
  }
}

variable "project_dir" {
  description = "Folder that holds the Python packages infra and workloads."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.project_dir, "/")
    error_message = "project_dir must be an absolute path; received '${var.project_dir}'."
  }
}

variable "python" {
  description = "Python interpreter that runs the node program."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.python, "/")
    error_message = "python must be an absolute path; received '${var.python}'."
  }
}

variable "isolation" {
  description = "How nodes are kept apart: namespaces (network namespaces and cgroups, needs root) or none (plain processes)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["namespaces", "none"], var.isolation)
    error_message = "isolation must be namespaces or none; received '${var.isolation}'."
  }
}

variable "network_cidr" {
  description = "The cluster's own IPv4 network: host and object store at .1, master at .10, worker i at .(20+i)."
  type        = string
  nullable    = false

  validation {
    condition     = try(cidrsubnet(var.network_cidr, 0, 0) == var.network_cidr, false) && endswith(var.network_cidr, ".0/24")
    error_message = "network_cidr must be an IPv4 network of the form a.b.c.0/24; received '${var.network_cidr}'."
  }

  validation {
    condition     = startswith(var.network_cidr, var.isolation == "none" ? "127." : "10.")
    error_message = "network_cidr must be inside 10.0.0.0/8 with isolation namespaces and inside 127.0.0.0/8 with none; received '${var.network_cidr}' and '${var.isolation}'."
  }
}

variable "local_cores_per_vcpu" {
  description = "Share of a host core that stands for one vCPU; memory, disk and network limits scale by it too."
  type        = number
  nullable    = false

  validation {
    condition     = var.local_cores_per_vcpu > 0 && var.local_cores_per_vcpu <= 4
    error_message = "local_cores_per_vcpu must be greater than 0 and at most 4; received ${var.local_cores_per_vcpu}."
  }
}

variable "storage_port" {
  description = "TCP port of the object store."
  type        = number
  nullable    = false

  validation {
    condition     = var.storage_port == floor(var.storage_port) && var.storage_port >= 1024 && var.storage_port <= 65535
    error_message = "storage_port must be a whole number from 1024 to 65535; received ${var.storage_port}."
  }
}

variable "master_port" {
  description = "TCP port of the Spark master."
  type        = number
  nullable    = false

  validation {
    condition     = var.master_port == floor(var.master_port) && var.master_port >= 1024 && var.master_port <= 65535
    error_message = "master_port must be a whole number from 1024 to 65535; received ${var.master_port}."
  }
}

variable "master_webui_port" {
  description = "TCP port of the Spark master's web page."
  type        = number
  nullable    = false

  validation {
    condition     = var.master_webui_port == floor(var.master_webui_port) && var.master_webui_port >= 1024 && var.master_webui_port <= 65535
    error_message = "master_webui_port must be a whole number from 1024 to 65535; received ${var.master_webui_port}."
  }

  validation {
    condition     = var.master_webui_port != var.master_port
    error_message = "master_webui_port must differ from master_port; received ${var.master_webui_port} for both."
  }
}
