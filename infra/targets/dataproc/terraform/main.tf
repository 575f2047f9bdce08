# One Dataproc cluster for one lease. Network, accounts and buckets are the foundation's, so that a lease is quick to make,
# quick to remove, and takes no quota but that of its machines.

provider "google" {
  project = var.project_id
  region  = var.region
}

locals {
  catalogue = "${path.module}/../../../catalogue"
  machine_types = {
    for row in csvdecode(file("${local.catalogue}/machine_types.csv")) : row.machine_type => {
      type      = row.machine_type
      vcpus     = tonumber(row.vcpus)
      memory_gb = tonumber(row.memory_gb)
    }
  }
  disk_types = [for row in csvdecode(file("${local.catalogue}/disks.csv")) : row.disk_type]

  # Labels can hold no colon, so an expiry is Unix seconds there. Terraform cannot count them: days since 1970 by the rule
  # of the proleptic Gregorian calendar with years that begin in March (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  expires_at = "${substr(var.expires_at, 0, 19)}Z"
  t = {
    for name, format in { year = "YYYY", month = "M", day = "D", hour = "h", minute = "m", second = "s" } :
    name => tonumber(formatdate(format, local.expires_at))
  }
  year        = local.t.year - (local.t.month <= 2 ? 1 : 0)
  day_of_year = floor((153 * (local.t.month + (local.t.month > 2 ? -3 : 9)) + 2) / 5) + local.t.day - 1
  days        = 365 * local.year + floor(local.year / 4) - floor(local.year / 100) + floor(local.year / 400) + local.day_of_year - 719468
  expires_s   = local.days * 86400 + local.t.hour * 3600 + local.t.minute * 60 + local.t.second

  labels = merge(var.labels, {
    bakeoff-lease    = var.lease_id
    bakeoff-scenario = var.name
    bakeoff-expires  = format("%d", local.expires_s)
  })

  nodes = merge(
    {
      m = {
        role    = var.workers == 0 ? "single" : "master"
        machine = local.machine_types[var.master_machine_type]
      }
    },
    { for i in range(var.workers) : "w-${i}" => { role = "worker", machine = local.machine_types[var.machine_type] } },
  )
}

module "cluster" {
  source = "../../../modules/dataproc_cluster"

  project_id       = var.project_id
  name             = "bakeoff-${var.lease_id}"
  region           = var.region
  zone             = var.zone
  subnetwork       = var.subnetwork
  service_account  = var.service_account
  staging_bucket   = var.staging_bucket
  temp_bucket      = var.temp_bucket
  image_version    = var.image_version
  dependencies_uri = var.dependencies_uri
  expires_at       = local.expires_at
  idle_delete_s    = var.idle_delete_s
  labels           = local.labels

  shape = {
    workers             = var.workers
    machine_type        = var.machine_type
    master_machine_type = var.master_machine_type
    disk_type           = var.disk_type
    disk_gb             = var.disk_gb
    spot_workers        = var.spot_workers
    accelerator_type    = var.accelerator_type
    accelerator_count   = var.accelerator_count
  }
}
