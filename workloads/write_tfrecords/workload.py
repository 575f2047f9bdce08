"""What bakeoff has to know of ``write_tfrecords``."""

from __future__ import annotations

from workloads.workload import Workload

WORKLOAD = Workload(engine="spark")
