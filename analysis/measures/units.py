"""Independent values for comparisons: one per lease, whatever the number of repeats on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.measures import metrics
from analysis.measures.metrics import GROUP
from analysis.records.runs import Runs
from analysis.statistics.warmup import warm_up

HIGHER_IS_BETTER = frozenset({"images_per_s"})
PER_KIND = frozenset({"images_per_s", "cost_per_1000_usd"})  # never pooled over formats, sources and caches
COMPARABLE: dict[str, metrics.Metric] = {
    m.name: m for m in metrics.METRICS if m.unit in ("s", "USD") or m.name in HIGHER_IS_BETTER
}
"""Metrics of which it is clear which direction is the better one."""


@dataclass(frozen=True)
class Units:
    """Independent values of one metric: the geometric mean of each lease, warm-up left out."""

    values: pd.Series  # indexed by lease, in order of time
    blocks: dict[str, tuple[str, int]]  # lease -> its block (experiment, repeat), where all its runs are of one
    runs: int  # ok runs that have the metric
    warm_up: tuple[str, ...]  # runs that were left out as warm-up

    @property
    def count(self) -> int:
        return len(self.values)


def known_metric(name: str) -> metrics.Metric:
    """A metric that can be compared.

    Raises:
        AnalysisError: there is none of that name, or neither direction of it is better.
    """
    if name not in COMPARABLE:
        raise AnalysisError(f"The metric must be one of {', '.join(COMPARABLE)}; received '{name}'.")
    return COMPARABLE[name]


def values_of(runs: Runs, metric: str) -> pd.DataFrame:
    """One row per ok run and kind of measurement that has the metric.

    Columns: run, experiment, scenario, workload, variant, kind, lease, repeat, started_at, value. ``kind`` tells
    operation, format, source and cache of a throughput or its cost, and is empty for the other metrics.
    """
    known_metric(metric)
    keys = ["run", "experiment", "scenario", "workload", "variant", "lease", "repeat", "started_at"]
    if metric in PER_KIND:
        rates = metrics.throughput(runs)
        kinds = rates[GROUP].astype("string").fillna("")
        rates["kind"] = pd.Series(
            [" ".join(word for word in words if word) for words in kinds.itertuples(index=False)],
            index=rates.index, dtype="string",
        )  # fmt: skip
        frame = rates[["run", "kind", metric]].merge(runs.ok[keys], on="run")
    else:
        frame = runs.ok[[*keys, metric]].assign(kind="")
    frame = frame.rename(columns={metric: "value"})[[*keys, "kind", "value"]]
    return frame[frame["value"].notna()].sort_values(["started_at", "run"], kind="stable").reset_index(drop=True)


def units_of(rows: pd.DataFrame, metric: str) -> Units:
    """The independent values in rows of :func:`values_of` that are of one scenario, workload, variant and kind."""
    higher = metric in HIGHER_IS_BETTER
    values: dict[str, float] = {}
    blocks: dict[str, tuple[str, int]] = {}
    left_out: list[str] = []
    for lease, of_lease in rows.groupby("lease", sort=False):
        cold = warm_up(of_lease["value"].tolist(), higher_is_better=higher)
        left_out += [str(run) for run in of_lease["run"].iloc[:cold]]
        kept = of_lease.iloc[cold:]
        numbers = kept["value"].to_numpy(float)
        values[str(lease)] = float(np.exp(np.log(numbers).mean())) if (numbers > 0).all() else float(numbers.mean())
        if len(named := set(zip(kept["experiment"].astype(str), kept["repeat"].astype(int), strict=True))) == 1:
            blocks[str(lease)] = named.pop()
    return Units(pd.Series(values, dtype="float64"), blocks, len(rows), tuple(left_out))
