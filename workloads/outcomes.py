"""The outcomes that several workloads measure, and how each is read from the measurements of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from workloads.workload import Outcome, Rows, RunFacts


def _last_validation_accuracy(rows: Rows, facts: RunFacts) -> float | None:
    validated = [row for row in rows if row.get("split") == "validation" and _number(row, "accuracy") is not None]
    return _number(max(validated, key=lambda row: row["epoch"]), "accuracy") if validated else None


def _best_step(rows: Rows, facts: RunFacts) -> Mapping[str, Any] | None:
    """The row of the highest load that was sustained, within the limit on latency where a step is."""
    sustained = [row for row in rows if row.get("sustained") and _number(row, "achieved_rate_s") is not None]
    if facts.max_latency_ms is not None:
        within = [row for row in sustained if (_latency_ms(row) or math.inf) <= facts.max_latency_ms]
        sustained = within or sustained
    return max(sustained, key=lambda row: float(row["achieved_rate_s"]), default=None)


def _requests_per_usd(rows: Rows, facts: RunFacts) -> float | None:
    best = _best_step(rows, facts)
    return None if best is None else float(best["achieved_rate_s"]) * 3600 / facts.usd_per_hour


def _latency_of_best_step(rows: Rows, facts: RunFacts) -> float | None:
    best = _best_step(rows, facts)
    return None if best is None else _latency_ms(best)


def _latency_ms(row: Mapping[str, Any]) -> float | None:
    latency_s = _number(row, "latency_p99_s")
    return None if latency_s is None else latency_s * 1000


def _number(row: Mapping[str, Any], column: str) -> float | None:
    value = row.get(column)
    return None if value is None or math.isnan(value) else float(value)


ACCURACY = Outcome("accuracy", "1", _last_validation_accuracy)
REQUESTS_PER_USD = Outcome("requests_per_usd", "1/USD", _requests_per_usd)
LATENCY_MS = Outcome("latency_ms", "ms", _latency_of_best_step)
SHARED = (ACCURACY, REQUESTS_PER_USD, LATENCY_MS)
