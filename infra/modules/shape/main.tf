# What every target demands of a shape, and the nodes that it has according to the catalogue. It makes nothing.

locals {
  catalogue = "${path.module}/../../catalogue"
  machine_types = {
    for row in csvdecode(file("${local.catalogue}/machine_types.csv")) : row.machine_type => {
      machine_type = row.machine_type
      vcpus        = tonumber(row.vcpus)
      memory_gb    = tonumber(row.memory_gb)
    }
  }
  disk_types = [for row in csvdecode(file("${local.catalogue}/disks.csv")) : row.disk_type]
}
