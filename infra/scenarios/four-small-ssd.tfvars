# Four small workers and a master on SSD: 5 nodes of 2 vCPUs and 200 GB, 10 vCPUs and 1,000 GB in all.
# Question: does spreading the work over several machines pay, when no disk holds it back?
# Compare with four-small-standard (same machines, slow disks) and one-large-ssd (same worker vCPUs in one machine).

name                = "four-small-ssd"
workers             = 4
machine_type        = "n1-standard-2"
master_machine_type = "n1-standard-2"
disk_type           = "pd-ssd"
disk_gb             = 200
