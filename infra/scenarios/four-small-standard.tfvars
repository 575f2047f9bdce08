# Four small workers and a master on standard disks: 5 nodes of 2 vCPUs and 200 GB, 10 vCPUs and 1,000 GB in all.
# Question: what does the cheapest disk cost in time? A 200 GB standard disk reads 24 MiB/s at 150 operations/s.
# Compare with four-small-ssd (same machines, fast disks) and one-large-standard (one machine, one larger disk).

name                = "four-small-standard"
workers             = 4
machine_type        = "n1-standard-2"
master_machine_type = "n1-standard-2"
disk_type           = "pd-standard"
disk_gb             = 200
