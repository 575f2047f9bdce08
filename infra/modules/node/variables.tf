variable "spec" {
  description = "The node, as infra/targets/local/spec.py reads it. The object store has no machine and no disk."
  nullable    = false

  type = object({
    lease_id             = string
    lease_dir            = string
    node                 = string
    role                 = string
    address              = string
    network_cidr         = string
    isolation            = string
    machine_type         = optional(string, "")
    vcpus                = optional(number, 0)
    memory_gb            = optional(number, 0)
    disk_type            = optional(string, "")
    disk_gb              = optional(number, 0)
    local_cores_per_vcpu = number
    master_url           = string
    master_port          = number
    master_webui_port    = number
    storage_endpoint     = string
    storage_port         = number
  })
}

variable "workers" {
  description = "Number of workers of the whole cluster. A change of it alone restarts no node."
  type        = number
  nullable    = false
  default     = 0
}

variable "project_dir" {
  description = "Folder that holds the Python package infra."
  type        = string
  nullable    = false
}

variable "python" {
  description = "Python interpreter that runs the node program."
  type        = string
  nullable    = false
}

variable "restart_with" {
  description = "Identity of what this node cannot outlive: when it changes, the node restarts. Empty for none."
  type        = string
  nullable    = false
  default     = ""
}
