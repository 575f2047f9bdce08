# Eight workers of one vCPU and a small master on standard disks: the first cluster of the study behind this project.
# 9 nodes of 110 GB, 10 vCPUs and 990 GB in all: nearly the vCPUs and storage of four-small-standard in smaller pieces.
# Question: how far does splitting go before each piece is too small?
# On the local target only: Dataproc's images do not run on n1-standard-1. On gcp, take four-small-standard.

name                = "eight-tiny-standard"
workers             = 8
machine_type        = "n1-standard-1"
master_machine_type = "n1-standard-2"
disk_type           = "pd-standard"
disk_gb             = 110
