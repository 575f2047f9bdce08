"""Low-level metrics of runs as numbers for learners: which are used, and how a missing one is filled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analysis.search.core.problem import Outcome

ARROW_METRICS = (
    "m_cpu_usr_pct", "m_cpu_iowait_pct", "m_load_plist_sz", "m_mem_commit_pct", "m_disk_util_pct", "m_disk_await_ms",
)  # fmt: skip
"""User CPU, I/O wait, task-list size, committed memory, disk utilisation, disk wait: arXiv 1712.10081, section 4."""


def metric_names(outcomes: Iterable[Outcome]) -> list[str]:
    """Arrow's six if a recording has any of them, else all that it has; empty where runs have no metrics."""
    seen = sorted({name for outcome in outcomes for name in outcome.metrics})
    return [name for name in ARROW_METRICS if name in seen] or seen


def metric_matrix(outcomes: list[Outcome], names: list[str]) -> np.ndarray:
    """One row per outcome: log(1 + metric), 0 where it is missing, (k, len(names))."""
    rows = [[max(0.0, outcome.metrics.get(name, 0.0)) for name in names] for outcome in outcomes]
    return np.asarray(np.log1p(np.asarray(rows, float).reshape(len(outcomes), len(names))))
