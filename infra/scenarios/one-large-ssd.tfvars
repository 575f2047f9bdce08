# One large machine on SSD, no workers: master and executor share 8 vCPUs, the vCPUs of the workers of four-small-ssd.
# Its one disk has 1,000 GB, the storage of all five nodes of four-small-ssd together, so that both shapes pay for the
# same storage and a difference in time is not one in gigabytes.
# A single node has no second machine type: master_machine_type is the machine.

name                = "one-large-ssd"
workers             = 0
machine_type        = "n1-standard-8"
master_machine_type = "n1-standard-8"
disk_type           = "pd-ssd"
disk_gb             = 1000
