# Four workers of 4 vCPUs and a master on SSD: 5 nodes and 1,000 GB, 20 vCPUs in all.
# Question: does training gain from several machines? These are the smallest that Vertex AI trains on.
# Compare with one-large-ssd (half the worker vCPUs, in one machine) and four-small-ssd (half the vCPUs in each).

name                = "four-medium-ssd"
workers             = 4
machine_type        = "n1-standard-4"
master_machine_type = "n1-standard-4"
disk_type           = "pd-ssd"
disk_gb             = 200
