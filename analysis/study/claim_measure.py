"""The measurement behind a claim, with differences, intervals, and their words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.measures.formats import plural
from analysis.records.runs import Runs
from analysis.statistics.intervals import Interval
from analysis.statistics.means import Mean, one_sample, welch


@dataclass(frozen=True)
class ClaimMeasure:
    """The measurement for one claim. ``said`` is empty where there is none; ``lacks`` then names the records it needs."""

    said: str = ""
    agrees: bool | None = None
    why: str = ""
    runs: tuple[str, ...] = ()
    leases: int = 0  # of the side that has fewest
    missing: tuple[str, ...] = ()  # conditions particular to this claim that do not hold
    lacks: str = ""


def mean_difference(a: pd.Series, b: pd.Series) -> Mean:
    """Mean of b less mean of a, both indexed by lease: within leases where both have the same ones."""
    x, y = a.to_numpy(float), b.to_numpy(float)
    return one_sample(y - x) if len(x) > 1 and a.index.equals(b.index) else welch(x, y)


def on_side(low: float | None, high: float | None, *, below: bool, zero: float = 1.0) -> bool | None:
    """Whether an interval lies wholly on the asked side of ``zero``; None where it contains it, or there is no interval."""
    if low is None or high is None or low <= zero <= high:
        return None
    return (high < zero) == below


def runs_of(runs: Runs, workloads: set[str]) -> tuple[str, ...]:
    return tuple(str(run) for run in runs.ok.loc[runs.ok["workload"].isin(list(workloads)), "run"])


def run_names(*sides: pd.DataFrame) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(run) for side in sides for run in side["run"]))


def ratio(value: float, low: float | None, high: float | None) -> str:
    between = "" if low is None or high is None else f" (95 %: {low:.2f} to {high:.2f})"
    return f"{value:.2f} times{between}"


def spread(found: Interval, form: Callable[[float], str], unit: str) -> str:
    """A median in words, with its unit, and its interval."""
    if found.low is None or found.high is None:
        return f"{form(found.median)} {unit} (no interval from {plural(found.n, 'lease')})"
    return f"{form(found.median)} {unit} (95 %: {form(found.low)} to {form(found.high)}, {plural(found.n, 'lease')})"
