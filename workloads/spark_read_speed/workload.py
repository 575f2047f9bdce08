"""What bakeoff has to know of ``spark_read_speed``."""

from __future__ import annotations

from workloads.workload import Workload

WORKLOAD = Workload(engine="spark", size="repetitions")
