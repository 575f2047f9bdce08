"""Adaptive repeats of a bench: decide when enough have been measured.

After each randomised block, every group (scenario, workload, settings, and kind of measurement where the metric is a
throughput) has an interval of its chosen metric. Measuring ends when all of them are within the width that was asked for,
or when a budget is spent. Stopping at the first moment that an interval looks narrow favours samples that look less noisy than
they are: simulated, a nominal 95 % interval then covers as little as 92 %. So the interval that decides, and that is reported,
is one of :data:`LEVEL`, which under this rule covers at least 95 % (tests/analysis/compare/test_stopping.py), and no decision is
made below :data:`analysis.statistics.intervals.MIN_REPEATS` repeats. Stopping looks at widths only, never at who is ahead.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.errors import DamagedRecordError
from analysis.measures.units import HIGHER_IS_BETTER, units_of, values_of
from analysis.records.columns import STAGES
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.statistics.intervals import MIN_REPEATS
from analysis.statistics.means import one_sample
from analysis.statistics.warmup import warm_up

LEVEL = 0.975
FILE = "stopping.json"


@dataclass(frozen=True)
class Rule:
    """The limits of the repeats; the first that is reached ends them. ``width``: 0.05 is "known to within 5 % either way"."""

    metric: str
    width: float
    max_minutes: float | None = None
    max_usd: float | None = None


@dataclass(frozen=True)
class Group:
    """One group as it stands: independent values without warm-up, and half its interval's width as a ratio."""

    scenario: str
    workload: str
    variant: str
    kind: str
    n: int
    warm_up: int
    half_width: float | None  # None: too few values for an interval
    settled: bool

    @property
    def name(self) -> str:
        return ", ".join(part for part in (f"{self.workload} on {self.scenario}", self.variant, self.kind) if part)


@dataclass(frozen=True)
class Decision:
    """Whether to stop and why, in a sentence; the groups that it rests on."""

    stop: bool
    reason: str
    groups: list[Group]


@dataclass(frozen=True)
class Decided:
    """The decision after so many repeats, as read from its file."""

    repeats: int
    stop: bool
    reason: str


def read_decisions(folder: Path) -> list[Decided]:
    """The decisions of adaptive repeats that lie beside their records, in order; none where repeats were fixed.

    Raises:
        DamagedRecordError: ``stopping.json`` cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return [Decided(int(one["repeats"]), bool(one["stop"]), str(one["reason"])) for one in told]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedRecordError(f"{FILE} cannot be read: {error!r}") from error


def half_width(values: Sequence[float]) -> float | None:
    """Half the width of the :data:`LEVEL` interval of positive values, as a ratio: exp(half width of logarithms) - 1."""
    if len(values) < 2 or any(not value > 0 for value in values):
        return None
    mean = one_sample(np.log(np.asarray(values, float)), LEVEL)
    return None if mean.low is None or mean.high is None else math.exp((mean.high - mean.low) / 2) - 1


def is_settled(values: Sequence[float], width: float) -> bool:
    """Whether independent values of one group end its repeats."""
    found = half_width(values)
    return len(values) >= MIN_REPEATS and found is not None and found <= width


def groups_of(runs: Runs, cells: Collection[str], rule: Rule) -> list[Group]:
    """Every group of the named runs as it stands.

    With ``repeat_level = "lease"`` a lease is one value; with ``"attempt"``, where repeats share their lease by design, an
    attempt is, and the interval is of this lease only.
    """
    rows = values_of(runs, rule.metric)
    rows = rows[rows["run"].isin(list(cells))]
    found = []
    for (scenario, workload, variant, kind), group in groups(rows, ["scenario", "workload", "variant", "kind"]):
        if {runs.records[str(run)].repeat_level for run in group["run"]} == {"lease"}:
            units = units_of(group, rule.metric)
            values, cold = units.values.tolist(), len(units.warm_up)
        else:
            values = group["value"].tolist()
            cold = warm_up(values, higher_is_better=rule.metric in HIGHER_IS_BETTER)
            values = values[cold:]
        settled = is_settled(values, rule.width)
        found.append(Group(scenario, workload, variant, kind, len(values), cold, half_width(values), settled))
    return found


def decide(groups: list[Group], expected: int, rule: Rule, *, minutes: float, usd: float) -> Decision:
    """Whether another block is measured.

    Args:
        groups: as of :func:`groups_of`.
        expected: groups that the experiment has at least; one without a value yet is not settled.
        minutes: spent so far; usd: the same in money.
    """
    if rule.max_minutes is not None and minutes >= rule.max_minutes:
        return Decision(True, f"the budget of {rule.max_minutes:g} minutes is spent ({_state(groups)})", groups)
    if rule.max_usd is not None and usd >= rule.max_usd:
        return Decision(True, f"the budget of ${rule.max_usd:g} is spent ({_state(groups)})", groups)
    if len(groups) >= expected and all(group.settled for group in groups):
        return Decision(True, f"every group is known to within {rule.width:.1%}", groups)
    return Decision(False, _state(groups), groups)


def _state(groups: list[Group]) -> str:
    """The widest group, in words."""
    open_ = [group for group in groups if not group.settled]
    if not open_:
        return "every group is settled" if groups else "nothing measured yet"
    widest = max(open_, key=lambda group: math.inf if group.half_width is None else group.half_width)
    known = "not known yet" if widest.half_width is None else f"within {widest.half_width:.1%}"
    return f"{len(open_)} of {len(groups)} open, widest: {widest.name}, {known} after {widest.n}"


def spending(runs: Runs, cells: Collection[str], before: float = math.inf) -> tuple[float, float]:
    """Seconds and USD that the named runs took: all their recorded stages, and list price of the shape times these.

    The seconds are of runs that began before a moment (unix s): of earlier sessions, as this one has its own clock.
    """
    frame = runs.runs[runs.runs["run"].isin(list(cells))]
    lasted_s = frame[list(STAGES)].fillna(0.0).sum(axis=1)
    earlier = frame["started_at"] < before
    return float(lasted_s[earlier].sum()), float((lasted_s * frame["usd_per_hour"]).sum() / 3600)
