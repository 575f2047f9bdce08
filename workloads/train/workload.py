"""What bakeoff has to know of ``train``."""

from __future__ import annotations

from workloads.outcomes import ACCURACY
from workloads.workload import Workload

WORKLOAD = Workload(engine="spark", runs_without_spark=True, packages=("tensorflow", "tf_keras"), outcomes=(ACCURACY,))
