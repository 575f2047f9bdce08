"""What bakeoff has to know of ``serve``."""

from __future__ import annotations

from workloads.outcomes import LATENCY_MS, REQUESTS_PER_USD
from workloads.workload import Workload

WORKLOAD = Workload(
    engine="python",
    runs_without_spark=True,
    size="step_s",
    packages=("tensorflow", "tf_keras"),
    outcomes=(REQUESTS_PER_USD, LATENCY_MS),
)
