"""What bakeoff has to know of ``stream``."""

from __future__ import annotations

from workloads.outcomes import LATENCY_MS, REQUESTS_PER_USD
from workloads.workload import Workload

WORKLOAD = Workload(engine="spark", size="step_s", outcomes=(REQUESTS_PER_USD, LATENCY_MS))
