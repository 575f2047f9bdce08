"""Which shape to buy, and whether the records can say so.

The rule, stated in every verdict that it stops: none without complete isolation of every record, none between records
under different conditions, and none below :data:`MIN_REPEATS` independent repeats per shape. Repeats on one lease are
pseudo-replicates - they share the lease's luck - and count as one. Above that, a shape is declared the winner only
if :mod:`analysis.compare.comparison` finds it better than every other shape, corrected for the number of comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import geometric_mean
from typing import Literal

import pandas as pd

from analysis.compare.comparison import Comparison, compare_all_scenarios
from analysis.measures.formats import plural, seconds, usd
from analysis.measures.units import units_of, values_of
from analysis.measures.validity import differences, lacking_isolation
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.statistics.intervals import MIN_REPEATS

RULE = (
    f"The rule: no verdict below {MIN_REPEATS} independent repeats per shape; repeats on one lease are "
    "pseudo-replicates, as they share its luck, and count as one."
)

VerdictKind = Literal["winner", "no_difference", "too_few", "no_isolation", "not_comparable", "one_shape", "no_data"]


@dataclass(frozen=True)
class Verdict:
    """The verdict on one workload and variant."""

    workload: str
    variant: str
    medians: str  # of run time and cost per shape, in words
    kind: VerdictKind
    headline: str
    text: str
    fastest: str | None = None  # declared winner by run time
    cheapest: str | None = None  # declared winner by cost per run


def verdicts(runs: Runs) -> list[Verdict]:
    """One verdict per workload and variant, in order of their names."""
    compared = compare_all_scenarios(runs, "run_s") + compare_all_scenarios(runs, "cost_usd")
    values = values_of(runs, "run_s")
    found = []
    for (workload, variant), group in groups(runs.runs, ["workload", "variant"]):
        ok = group[(group["status"] == "ok") & group["run_s"].notna()]
        medians = ok.groupby("scenario")[["run_s", "cost_usd"]].median()
        centres = {str(n): _centre(of) for n, of in values[_of(values, workload, variant)].groupby("scenario")}
        medians = medians.loc[sorted(medians.index, key=lambda name: centres[str(name)])]
        say = partial(Verdict, workload, variant, _medians_text(medians))
        found.append(
            _judge(say, ok, medians, runs, [c for c in compared if (c.workload, c.variant) == (workload, variant)])
        )
    return found


def _medians_text(medians: pd.DataFrame) -> str:
    return "; ".join(
        f"{name} {seconds(row['run_s'])}" + ("" if pd.isna(row["cost_usd"]) else f", {usd(row['cost_usd'])} per run")
        for name, row in medians.iterrows()
    )


def _judge(
    say: Callable[..., Verdict], ok: pd.DataFrame, medians: pd.DataFrame, runs: Runs, compared: list[Comparison]
) -> Verdict:
    """The verdict on the ok runs of one workload and variant; ``say`` makes it of its kind, headline and text."""
    if ok.empty:
        return say("no_data", "No run ended well: nothing to compare.", "See what went wrong under Validity.")
    alone = len(medians) == 1
    records = [runs.records[str(run)] for run in ok["run"]]
    if why := lacking_isolation(records):
        headline = "No shape is declared the winner: the nodes were not fully kept apart."
        if alone:
            headline = "One shape was measured, and its nodes were not fully kept apart: no verdict."
        return say("no_isolation", headline, why)
    repeats, leases = ok.groupby("scenario").size(), ok.groupby("scenario")["lease"].nunique()
    counts = [f"{plural(int(repeats[n]), 'repeat')} on {plural(int(leases[n]), 'lease')}" for n in medians.index]
    have, each = counts[0], " each"
    if len(set(counts)) > 1:
        have, each = "; ".join(f"{n}: {count}" for n, count in zip(medians.index, counts, strict=True)), ""
    if alone:
        return say("one_shape", "One shape was measured: there is no other to compare it with.", f"{have}.")
    if different := differences(records):
        return say(
            "not_comparable",
            "No shape is declared the winner: the records were made under different conditions.",
            f"{' '.join(different)} They are shown side by side and not compared.",
        )
    if int(leases.min()) < MIN_REPEATS:
        text = f"{have}{each}: a first look, not a verdict. That takes {MIN_REPEATS} leases of each shape."
        return say("too_few", _lead(medians, compared), text)
    return _winners(say, medians, compared)


def _of(values: pd.DataFrame, workload: str, variant: str) -> pd.Series:
    return (values["workload"] == workload) & (values["variant"] == variant)


def _centre(rows: pd.DataFrame) -> float:
    """Geometric mean over leases: what the comparison compares."""
    values = units_of(rows, "run_s").values
    return geometric_mean(values.tolist()) if (values > 0).all() else float(values.mean())


def _lead(medians: pd.DataFrame, compared: list[Comparison]) -> str:
    """The ratios of the comparison between the slowest and the fastest, in one direction only, marked as a first look."""
    first, last = str(medians.index[0]), str(medians.index[-1])
    ratio = _ratio(compared, "run_s", first, last)
    if ratio < 1.005:
        return f"A first look: {last} took as long as {first}."
    cost = _ratio(compared, "cost_usd", first, last)
    paid = "" if math.isnan(cost) else f" {'and' if cost >= 1 else 'but'} cost {cost:.2f} times as much"
    return f"A first look: {last} took {ratio:.2f} times as long as {first}{paid}."


def _ratio(compared: list[Comparison], metric: str, a: str, b: str) -> float:
    """B against A; NaN where they were not compared by this metric."""
    for one in compared:
        if one.metric == metric and {one.a.name, one.b.name} == {a, b}:
            return one.found.ratio if one.a.name == a else 1 / one.found.ratio
    return math.nan


def _winners(say: Callable[..., Verdict], medians: pd.DataFrame, compared: list[Comparison]) -> Verdict:
    names = [str(name) for name in medians.index]
    fastest, cheapest = (_best(names, [c for c in compared if c.metric == metric]) for metric in ("run_s", "cost_usd"))
    text = " ".join(c.text for c in compared if c.metric == "run_s" and names[0] in (c.a.name, c.b.name))
    if fastest is None and cheapest is None:
        noisy = any(c.verdict == "too_noisy" for c in compared)
        headline = "No evidence that one shape is faster or cheaper than every other"
        return say("no_difference", headline + (": the repeats scatter too much to tell." if noisy else "."), text)
    if fastest is not None and fastest == cheapest:
        headline = f"{fastest} is the fastest and costs least per run."
    else:
        first = f"{fastest} is the fastest" if fastest else "No shape is clearly the fastest"
        headline = f"{first}; {f'{cheapest} costs' if cheapest else 'none clearly costs'} least per run."
    return say("winner", headline, text, fastest, cheapest)


def _best(names: list[str], compared: list[Comparison]) -> str | None:
    """The shape that is better than every other; None where there is none."""
    won: dict[str, int] = dict.fromkeys(names, 0)
    for one in compared:
        if one.verdict in ("better", "worse"):
            won[one.b.name if one.verdict == "better" else one.a.name] += 1
    return next((name for name, count in won.items() if count == len(names) - 1), None)
