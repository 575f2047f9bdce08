"""The problem of a search: candidates with named features, an objective, and past runs of other workloads."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import pandas as pd

from analysis.errors import SearchError
from analysis.search.core.features import derive_features

OutcomeStatus = Literal["ok", "failed", "timed_out"]


@dataclass(frozen=True)
class Candidates:
    """The configurations to choose from.

    Attributes:
        names: n unique names, in the order by which strategies refer to candidates (0 to n - 1).
        features: n rows, one column per feature: numbers, or strings for classes. A value may be missing.
        usd_per_hour: price of the whole configuration, n values in USD per hour; None where prices are unknown.
    """

    names: tuple[str, ...]
    features: pd.DataFrame
    usd_per_hour: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise SearchError("There must be at least one candidate; received none. Name the shapes to choose from.")
        if twice := [name for name, count in Counter(self.names).items() if count > 1]:
            raise SearchError(
                f"Each candidate must be named once; '{twice[0]}' is there {Counter(self.names)[twice[0]]} times. "
                "Remove the copies: a repeated run is an outcome, not a candidate."
            )
        if len(self.features) != len(self.names):
            raise SearchError(f"{len(self.names)} candidates need as many feature rows; received {len(self.features)}.")
        if self.usd_per_hour is not None:
            for name, usd in zip(self.names, self.usd_per_hour, strict=True):
                if not usd > 0:
                    raise SearchError(f"The price of '{name}' must be above 0 USD/h; received {usd}.")

    @functools.cached_property
    def rows(self) -> dict[str, list[object]]:
        """Feature values by column, rounded so that the same shape compares equal in two lists; None where missing."""
        return {
            str(name): [None if pd.isna(v) else round(v, 6) if isinstance(v, float) else v for v in column.tolist()]
            for name, column in self.features.items()
        }

    @functools.cached_property
    def derived(self) -> pd.DataFrame:
        """Features as models use them (:func:`analysis.search.core.features.derive_features`), n rows."""
        price = None if self.usd_per_hour is None else np.asarray(self.usd_per_hour)
        return derive_features(self.features.reset_index(drop=True), price)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Outcome:
    """The outcome of one paid run.

    Attributes:
        status: ``ok``, ``failed`` (crashed), or ``timed_out`` (its values are then lower bounds).
        values: what was measured, by name and unit: ``runtime_s``, ``cost_usd``, ``accuracy``, ``latency_ms``,
            ``requests_per_usd``. Those of a failed run are what was paid for nothing.
        metrics: low-level metrics of the run (utilisation and the like), by name.
    """

    status: OutcomeStatus
    values: Mapping[str, float]
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == "ok"


@dataclass(frozen=True)
class Limit:
    """A constraint on one outcome: ``runtime_s`` at most 600, ``accuracy`` at least 0.9."""

    outcome: str
    bound: Literal["at most", "at least"]
    value: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise SearchError(f"A limit on {self.outcome} must be a number above 0; received {self.value}.")

    def holds(self, measured: float) -> bool:
        return measured <= self.value if self.bound == "at most" else measured >= self.value

    def __str__(self) -> str:
        return f"{self.outcome} {self.bound} {self.value:g}"


@dataclass(frozen=True)
class Past:
    """Runs of another workload, for strategies that learn from such: candidate i of ``candidates`` -> its outcome."""

    workload: str
    app: str
    candidates: Candidates
    outcomes: Mapping[int, Outcome]


@dataclass(frozen=True)
class Problem:
    """All that a strategy is given."""

    candidates: Candidates
    objective: Objective
    history: tuple[Past, ...] = ()


@dataclass(frozen=True)
class Objective:
    """The value to minimise, and its limits.

    ``cost``: USD per run. ``time``: seconds per run. ``weighted``: cost^w * time^(1 - w), which does not depend on the
    units (w = 0.5 ranks as time * cost does, the product used by Arrow, arXiv 1712.10081). ``requests``: USD per
    request served, so that the most requests per dollar win.
    """

    name: Literal["cost", "time", "weighted", "requests"] = "cost"
    limits: tuple[Limit, ...] = ()
    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise SearchError(f"The weight of cost against time must be from 0 to 1; received {self.weight}.")

    @property
    def price_power(self) -> float:
        """The power with which the price per hour enters the value, for a given run time."""
        return {"cost": 1.0, "time": 0.0, "weighted": self.weight, "requests": 1.0}[self.name]

    @property
    def needs(self) -> tuple[str, ...]:
        """The outcomes that a run must have measured."""
        of = {
            "cost": ("cost_usd",),
            "time": ("runtime_s",),
            "weighted": ("cost_usd", "runtime_s"),
            "requests": ("requests_per_usd",),
        }
        return (*of[self.name], *(limit.outcome for limit in self.limits))

    def known(self, outcome: Outcome) -> bool:
        """Whether the run measured all that is needed; one that failed need not have."""
        return not outcome.ok or all(outcome.values.get(name, 0) > 0 for name in self.needs)

    def value(self, outcome: Outcome) -> float:
        """The value of a run, above 0; lower is better. For a run that is not ok it is what was paid, or NaN where it
        served no requests.

        Raises:
            SearchError: an outcome that the objective needs is missing, zero or negative.
        """
        if self.name == "cost":
            return _positive(outcome, "cost_usd")
        if self.name == "time":
            return _positive(outcome, "runtime_s")
        if self.name == "weighted":
            return float(
                _positive(outcome, "cost_usd") ** self.weight * _positive(outcome, "runtime_s") ** (1 - self.weight)
            )
        known = outcome.ok or outcome.values.get("requests_per_usd", 0) > 0
        return 1 / _positive(outcome, "requests_per_usd") if known else math.nan

    def feasible(self, outcome: Outcome) -> bool:
        """Whether the run ended well and keeps every limit."""
        return outcome.ok and all(limit.holds(_known(outcome, limit.outcome)) for limit in self.limits)

    @classmethod
    def parse(cls, text: str) -> Objective:
        """The objective that prints as ``text``.

        Raises:
            SearchError: none does.
        """
        what, _, within = text.partition(" with ")
        limits = []
        for part in within.split(" and ") if within else []:
            found = re.fullmatch(r"(\w+) (at most|at least) (\S+)", part)
            if found is None:
                raise SearchError(f"A limit reads 'runtime_s at most 600'; received '{part}'.")
            bound: Literal["at most", "at least"] = "at most" if found[2] == "at most" else "at least"
            limits.append(Limit(found[1], bound, float(found[3])))
        weighted = re.fullmatch(r"cost\^(\S+) \* time\^\S+", what)
        if weighted:
            return cls("weighted", tuple(limits), float(weighted[1]))
        if what not in ("cost", "time", "requests"):
            raise SearchError(f"An objective is cost, time, requests or cost^w * time^(1-w); received '{what}'.")
        return cls(cast(Literal["cost", "time", "requests"], what), tuple(limits))

    def __str__(self) -> str:
        within = f" with {' and '.join(map(str, self.limits))}" if self.limits else ""
        return (f"cost^{self.weight:g} * time^{1 - self.weight:g}" if self.name == "weighted" else self.name) + within


def _known(outcome: Outcome, name: str) -> float:
    value = outcome.values.get(name)
    if value is None or math.isnan(value):
        known = ", ".join(sorted(outcome.values)) or "nothing"
        raise SearchError(f"The objective needs {name}, and the run measured {known}. Choose another, or measure it.")
    return value


def _positive(outcome: Outcome, name: str) -> float:
    value = _known(outcome, name)
    if not (value > 0 and math.isfinite(value)):
        raise SearchError(
            f"{name} of a run must be a number above 0; received {value:g}. Correct or leave out that run."
        )
    return value
