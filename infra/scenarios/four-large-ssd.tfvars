# Four workers of 8 vCPUs and a master on SSD: 5 nodes of 30 GB and 200 GB of disk, 40 vCPUs in all.
# Question: does training at the study's largest batches, which take 25 GB a device, gain from several machines?
# Compare with four-medium-ssd (half of each machine, and of the batch that it holds).

name                = "four-large-ssd"
workers             = 4
machine_type        = "n1-standard-8"
master_machine_type = "n1-standard-8"
disk_type           = "pd-ssd"
disk_gb             = 200
