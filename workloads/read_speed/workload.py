"""What bakeoff has to know of ``read_speed``."""

from __future__ import annotations

from workloads.workload import Workload

WORKLOAD = Workload(
    engine="python",
    runs_without_spark=True,
    size="repetitions",
    settings_for=lambda shape: {"processes": shape.master_vcpus},
)
