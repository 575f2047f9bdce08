# infra/inputs/scenario.py holds the same rules in the same words.

variable "name" {
  description = "Name of the scenario."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "name must be 1 to 40 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; received '${var.name}'."
  }
}

variable "workers" {
  description = "Number of workers beside the master; 0 for a single node that is both."
  type        = number
  nullable    = false

  validation {
    condition     = var.workers == 0 || (var.workers == floor(var.workers) && var.workers >= 2 && var.workers <= 100)
    error_message = "workers must be 0 (a single node) or 2 to 100, because a Dataproc cluster with workers has at least two; received ${var.workers}."
  }
}

variable "machine_type" {
  description = "Compute Engine machine type of each worker, or of the single node."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(local.machine_types), var.machine_type)
    error_message = "machine_type must be one of infra/catalogue/machine_types.csv, such as n1-standard-2; received '${var.machine_type}'."
  }
}

variable "master_machine_type" {
  description = "Compute Engine machine type of the master. On a single node the same as machine_type."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(local.machine_types), var.master_machine_type)
    error_message = "master_machine_type must be one of infra/catalogue/machine_types.csv, such as n1-standard-2; received '${var.master_machine_type}'."
  }

  validation {
    condition     = var.workers != 0 || var.master_machine_type == var.machine_type
    error_message = "master_machine_type must equal machine_type when workers is 0, because the one node is both; received '${var.master_machine_type}' and '${var.machine_type}'."
  }
}

variable "disk_type" {
  description = "Persistent disk type of every node."
  type        = string
  nullable    = false

  validation {
    condition     = contains(local.disk_types, var.disk_type)
    error_message = "disk_type must be one of ${join(", ", local.disk_types)}; received '${var.disk_type}'."
  }
}

variable "disk_gb" {
  description = "Size of every node's disk, in GB as Google counts them (GiB)."
  type        = number
  nullable    = false

  validation {
    condition     = var.disk_gb == floor(var.disk_gb) && var.disk_gb >= 10 && var.disk_gb <= 65536
    error_message = "disk_gb must be a whole number from 10 to 65536; received ${var.disk_gb}."
  }
}

variable "spot_workers" {
  description = "Number of secondary workers on Spot VMs, beside the workers."
  type        = number
  nullable    = false

  validation {
    condition     = var.spot_workers == floor(var.spot_workers) && var.spot_workers >= 0 && var.spot_workers <= 100
    error_message = "spot_workers must be a whole number from 0 to 100; received ${var.spot_workers}."
  }

  validation {
    condition     = var.spot_workers == 0 || var.workers != 0
    error_message = "spot_workers needs workers, because a single node has no secondary workers; received ${var.spot_workers} with workers 0."
  }

  # preemptible_worker_config of the provider has no accelerators: half of the cluster would be of another kind.
  validation {
    condition     = var.spot_workers == 0 || var.accelerator_count == 0
    error_message = "spot_workers cannot have accelerators, which Dataproc under Terraform gives to regular workers alone; received ${var.spot_workers} and ${var.accelerator_count} per machine."
  }
}

variable "accelerator_type" {
  description = "GPU type of each worker, or of the single node, such as nvidia-tesla-t4; null for none."
  type        = string
  default     = null

  validation {
    condition     = (var.accelerator_type == null) == (var.accelerator_count == 0)
    error_message = "accelerator_type and accelerator_count go together, such as 'nvidia-tesla-t4' and 1; received ${var.accelerator_type == null ? "None" : "'${var.accelerator_type}'"} and ${var.accelerator_count}."
  }
}

variable "accelerator_count" {
  description = "Number of GPUs per machine."
  type        = number
  nullable    = false

  validation {
    condition     = var.accelerator_count == floor(var.accelerator_count) && var.accelerator_count >= 0 && var.accelerator_count <= 8
    error_message = "accelerator_count must be a whole number from 0 to 8; received ${var.accelerator_count}."
  }
}
