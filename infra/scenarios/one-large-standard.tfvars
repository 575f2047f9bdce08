# One large machine on a standard disk, no workers: 8 vCPUs, the vCPUs of the workers of four-small-standard.
# Its one disk has 1,000 GB, the storage of all five nodes of four-small-standard together, so that both shapes pay for
# the same storage. A standard disk gets faster with its size: this one reads 120 MiB/s, each of the five 24 MiB/s.
# A single node has no second machine type: master_machine_type is the machine.

name                = "one-large-standard"
workers             = 0
machine_type        = "n1-standard-8"
master_machine_type = "n1-standard-8"
disk_type           = "pd-standard"
disk_gb             = 1000
