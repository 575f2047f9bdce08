"""Compare scenarios, variants, or two sets of runs, and say so only where the records can carry it.

A verdict takes records under the same conditions with complete isolation, at least :data:`MIN_REPEATS` leases of each side
(repeats on one lease are pseudo-replicates: they share its luck and count as one), and a test that is significant
after Holm's correction for all comparisons made at once. Without significance, the power of the test tells "no evidence"
(a difference of :data:`MIN_EFFECT` would have been found) from "too noisy" (it would have taken N more repeats).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.compare.difference import MIN_EFFECT, Difference, adjust, difference
from analysis.compare.judgement import ALPHA, Judgement, PairVerdict, judge
from analysis.errors import AnalysisError
from analysis.measures.formats import plural, quantity
from analysis.measures.units import Units, known_metric, units_of, values_of
from analysis.measures.validity import differences, lacking_isolation
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.statistics.intervals import MIN_REPEATS, Interval, interval_of
from analysis.statistics.warmup import RULE as WARM_UP_RULE


@dataclass(frozen=True)
class Side:
    """One side of a comparison; the interval is of its leases' median, in the metric's unit."""

    name: str
    runs: int
    leases: int
    interval: Interval
    warm_up: tuple[str, ...]  # runs left out, see :mod:`analysis.statistics.warmup`


@dataclass(frozen=True)
class Comparison:
    """B against A in one metric: what was found, and what may be said."""

    workload: str
    variant: str
    kind: str  # operation, format, source and cache of a throughput; empty for the other metrics
    where: str  # what the two sides have in common beyond that: the scenario, where variants or sets are compared
    metric: str
    unit: str
    a: Side
    b: Side
    found: Difference
    p_adjusted: float | None  # Holm, over all comparisons of the call
    comparisons: int  # in that call
    verdict: PairVerdict
    word: str  # faster, slower, cheaper, dearer: what the verdict says of B; else "no evidence", "too noisy", ...
    more_repeats: int | None  # independent repeats of each side that are missing for a verdict, where that is known
    text: str


@dataclass(frozen=True)
class _Pair:
    workload: str
    variant: str
    kind: str
    where: str
    names: tuple[str, str]
    rows: tuple[pd.DataFrame, pd.DataFrame]
    obstacle: tuple[PairVerdict, str] | None
    besides: str = ""  # what else is compared, in a sentence


def compare_scenarios(
    runs: Runs, a: str, b: str, metric: str = "run_s", min_effect: float = MIN_EFFECT
) -> list[Comparison]:
    """Scenario B against A, one comparison for each workload, variant and kind of measurement that both have.

    Raises:
        AnalysisError: an unknown metric, or a scenario without an ok run.
    """
    known = sorted(runs.ok["scenario"].unique())
    for name in (a, b):
        if name not in known:
            raise AnalysisError(
                f"No ok run of scenario '{name}'. Scenarios with ok runs: {', '.join(known) or 'none'}."
            )
    return _compared(_pairs(runs, metric, "scenario", (a, b)), metric, min_effect)


def compare_all_scenarios(runs: Runs, metric: str = "run_s", min_effect: float = MIN_EFFECT) -> list[Comparison]:
    """Every pair of scenarios, in order of their names, corrected for their number."""
    return _compared(_pairs(runs, metric, "scenario"), metric, min_effect)


def compare_variants(
    runs: Runs, metric: str = "run_s", min_effect: float = MIN_EFFECT, names: tuple[str, str] | None = None
) -> list[Comparison]:
    """Every pair of variants of a workload on the same scenario, or the second of ``names`` against the first alone;
    corrected for their number."""
    return _compared(_pairs(runs, metric, "variant", names), metric, min_effect)


def compare_sets(
    a: Runs, b: Runs, names: tuple[str, str], metric: str = "run_s", min_effect: float = MIN_EFFECT
) -> list[Comparison]:
    """Two sets of runs, such as one experiment before and after a change; different revisions are what is compared.

    One comparison for each scenario, workload, variant and kind of measurement that both have. Settings that differ
    between the sets, and not within either, are part of what is compared too.

    Raises:
        AnalysisError: they have no scenario and workload in common.
    """
    rows_a, rows_b = values_of(a, metric), values_of(b, metric)
    obstacle = _obstacle(a, b)
    pairs = []
    columns = ["workload", "variant", "scenario", "kind"]
    others = dict(groups(rows_b, columns))
    for (workload, variant, scenario, kind), group in groups(rows_a, columns):
        if (other := others.get((workload, variant, scenario, kind))) is not None:
            hindered = obstacle((group, other)) or _unlike_costs(a, b, names, metric)
            said = _other_settings(a, group, b, other)
            pairs.append(_Pair(workload, variant, kind, scenario, names, (group, other), hindered, said))
    if not pairs:
        raise AnalysisError(
            f"{names[0]} and {names[1]} have no scenario, workload and variant with {metric} in common: "
            f"{_listed(rows_a)} against {_listed(rows_b)}."
        )
    return _compared(pairs, metric, min_effect)


def _other_settings(a: Runs, rows_a: pd.DataFrame, b: Runs, rows_b: pd.DataFrame) -> str:
    """The settings in which two sets of runs differ, in a sentence; empty where they agree."""
    one, other = (runs.records[str(rows["run"].iloc[0])].configuration for runs, rows in ((a, rows_a), (b, rows_b)))
    differ = sorted(
        key for key in {*one, *other} if not key.endswith("_uri") and one.get(key, "unset") != other.get(key, "unset")
    )
    if not differ:
        return ""
    told = "; ".join(f"{key} {one.get(key, 'unset')} against {other.get(key, 'unset')}" for key in differ)
    return f"Their settings differ too, and are part of the difference: {told}."


def _unlike_costs(a: Runs, b: Runs, names: tuple[str, str], metric: str) -> tuple[PairVerdict, str] | None:
    sources = a.paid.source, b.paid.source
    if known_metric(metric).unit != "USD" or sources[0] == sources[1]:
        return None
    return "not_comparable", f"Costs are not of one kind: {names[0]} {sources[0]}, {names[1]} {sources[1]}."


def _listed(rows: pd.DataFrame) -> str:
    named = set(zip(*(rows[name].astype(str) for name in ("workload", "scenario", "variant")), strict=True))
    return ", ".join(f"{w} on {s}" + (f" ({v})" if v else "") for w, s, v in sorted(named)) or "nothing"


def _pairs(
    runs: Runs, metric: str, by: Literal["scenario", "variant"], names: tuple[str, str] | None = None
) -> list[_Pair]:
    """Scenarios or variants that differ in nothing else: all of them, or the two of these names, where both are there."""
    obstacle = _obstacle(runs)
    same = "variant" if by == "scenario" else "scenario"
    pairs = []
    for (workload, other, kind), rows in groups(values_of(runs, metric), ["workload", same, "kind"]):
        there = sorted(rows[by].astype(str).unique())
        chosen = itertools.combinations(there, 2) if names is None else [names] if {*names} <= {*there} else []
        for a, b in chosen:
            sides = (rows[rows[by] == a], rows[rows[by] == b])
            variant, where = (other, "") if by == "scenario" else ("", other)
            pairs.append(_Pair(workload, variant, kind, where, (a, b), sides, obstacle(sides)))
    return pairs


def _obstacle(
    *sets: Runs,
) -> Callable[[tuple[pd.DataFrame, pd.DataFrame]], tuple[PairVerdict, str] | None]:
    """Why sides made of these sets must not be compared; None where they may be."""
    records = {run: record for runs in sets for run, record in runs.records.items()}
    between_sets = len(sets) > 1

    def check(sides: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[PairVerdict, str] | None:
        used = [records[str(run)] for side in sides for run in side["run"].unique()]
        if why := lacking_isolation(used):
            return "no_isolation", why
        if different := differences(used, revisions=not between_sets):
            return "not_comparable", " ".join(different)
        return None

    return check


def _compared(pairs: list[_Pair], metric: str, min_effect: float) -> list[Comparison]:
    measured = known_metric(metric)
    units = [(units_of(pair.rows[0], metric), units_of(pair.rows[1], metric)) for pair in pairs]
    found = [difference(a, b) for a, b in units]
    enough = [min(a.count, b.count) >= MIN_REPEATS and not p.obstacle for (a, b), p in zip(units, pairs, strict=True)]
    adjusted = adjust([f.p_value if use else None for f, use in zip(found, enough, strict=True)])
    alpha = ALPHA / max(1, sum(enough))  # of the hardest comparison under Holm: the safe side for the power
    made = []
    for pair, (a, b), diff, p in zip(pairs, units, found, adjusted, strict=True):
        said = (
            Judgement(pair.obstacle[0], "no verdict", None, f"No verdict: {pair.obstacle[1]}")
            if pair.obstacle
            else judge(
                diff, p, names=pair.names, leases=(a.count, b.count), alpha=alpha, metric=metric, min_effect=min_effect
            )
        )
        sides = [_side(name, of) for name, of in zip(pair.names, (a, b), strict=True)]
        left_out = [f"{plural(len(s.warm_up), 'run')} of {s.name} left out. {WARM_UP_RULE}" for s in sides if s.warm_up]
        made.append(
            Comparison(
                workload=pair.workload, variant=pair.variant, kind=pair.kind, where=pair.where, metric=metric,
                unit=measured.unit, a=sides[0], b=sides[1], found=diff, p_adjusted=p, comparisons=sum(enough),
                verdict=said.verdict, word=said.word,
                more_repeats=said.more_repeats, text=" ".join([said.text, *filter(None, [pair.besides]), *left_out]),
            )
        )  # fmt: skip
    return made


def _side(name: str, units: Units) -> Side:
    interval = interval_of(units.values.tolist())
    assert interval is not None  # a pair has values on both sides
    return Side(name, units.runs, units.count, interval, units.warm_up)


def describe(comparison: Comparison) -> str:
    """Both sides in words: median and interval of each."""
    return "; ".join(_describe_side(side, comparison.unit) for side in (comparison.a, comparison.b))


def _describe_side(side: Side, unit: str) -> str:
    bounds = side.interval
    between = "" if bounds.low is None else f" ({quantity(bounds.low, unit)} to {quantity(bounds.high, unit)})"
    return f"{side.name} {quantity(bounds.median, unit)}{between}, {plural(side.leases, 'lease')}"
