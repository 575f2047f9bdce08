"""Cost of a run, cost of a lease, and the frontier of time and cost.

The source of a run's cost (bill, measurement or list price) is :mod:`analysis.records.paid`'s. A lease costs more than its
runs: it is paid for from apply to destroy. Intervals are over leases (see :mod:`analysis.statistics.intervals`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.formats import plural
from analysis.measures.units import units_of, values_of
from analysis.records.columns import STAGES
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.statistics.intervals import MIN_REPEATS, SEED, Interval, interval_of

RESAMPLES = 4000


@dataclass(frozen=True)
class Cost:
    """One scenario on one workload and variant, in USD and seconds."""

    scenario: str
    workload: str
    variant: str
    runs: int
    leases: int
    run_s: Interval
    per_run_usd: Interval | None
    per_1000_images_usd: dict[str, Interval]  # by kind: operation, format, source, cache
    per_training_run_usd: Interval | None  # where the run trained a model
    paid_usd: Interval | None  # per lease: all recorded stages of all its runs, apply and loading among them
    run_share: Interval | None  # of what was paid for per lease, the share in which the workload itself ran


@dataclass(frozen=True)
class FrontierPoint:
    """A shape by time and cost of a run. ``dominated_by``: shapes whose medians are no worse in both, better in one."""

    scenario: str
    leases: int
    run_s: Interval
    cost_usd: Interval
    dominated_by: tuple[str, ...]
    frontier_share: float | None  # of resamples of the leases in which it is on the frontier; None below 5 leases
    on_frontier: bool  # no shape dominates it


@dataclass(frozen=True)
class Frontier:
    """The shapes of one workload and variant, fastest first; those on the frontier are the only ones worth buying."""

    workload: str
    variant: str
    points: list[FrontierPoint]
    text: str


def costs(runs: Runs) -> list[Cost]:
    """Every scenario, workload and variant that has an ok run with a run time."""
    keys = ["workload", "variant", "scenario"]
    time, per_run, per_1000 = (values_of(runs, m) for m in ("run_s", "cost_usd", "cost_per_1000_usd"))
    trained = set(runs.measurements.loc[runs.measurements["operation"] == "train", "run"].astype(str))
    paid = _paid(runs)
    found = []
    for (workload, variant, scenario), rows in groups(time, keys):
        priced = _same(per_run, rows)
        leases = paid.loc[paid.index.isin(rows["lease"].unique())]
        run_s = _interval(rows, "run_s")
        assert run_s is not None  # the group has rows
        training = priced[priced["run"].isin(list(trained))]
        found.append(
            Cost(
                scenario=scenario,
                workload=workload,
                variant=variant,
                runs=len(rows),
                leases=int(rows["lease"].nunique()),
                run_s=run_s,
                per_run_usd=_interval(priced, "cost_usd"),
                per_1000_images_usd={
                    str(kind): interval
                    for kind, of_kind in _same(per_1000, rows).groupby("kind", sort=True)
                    if (interval := _interval(of_kind, "cost_per_1000_usd"))
                },
                per_training_run_usd=_interval(training, "cost_usd"),
                paid_usd=interval_of(leases["usd"].tolist()),
                run_share=interval_of(leases["run_share"].tolist()),
            )
        )
    return found


def frontiers(runs: Runs) -> list[Frontier]:
    """The time-cost frontier of each workload and variant over the scenarios that have both."""
    time, cost = values_of(runs, "run_s"), values_of(runs, "cost_usd")
    found = []
    for (workload, variant), rows in groups(time, ["workload", "variant"]):
        units: dict[str, pd.DataFrame] = {}
        for scenario, of_scenario in rows.groupby("scenario", sort=True):
            both = pd.DataFrame(
                {
                    "run_s": units_of(of_scenario, "run_s").values,
                    "cost_usd": units_of(_same(cost, of_scenario), "cost_usd").values,
                }
            ).dropna()
            if len(both):
                units[str(scenario)] = both
        if units:
            found.append(_frontier(workload, variant, units))
    return found


def dominance(points: np.ndarray) -> np.ndarray:
    """For points (…, n, 2) where less is better: (…, n, n), whether the second axis' point is dominated by the third's."""
    this, other = points[..., :, None, :], points[..., None, :, :]
    return np.asarray((other <= this).all(axis=-1) & (other < this).any(axis=-1))


def _frontier(workload: str, variant: str, units: dict[str, pd.DataFrame]) -> Frontier:
    names = list(units)
    medians = np.array([units[name].median().to_numpy() for name in names])
    beaten = dominance(medians)
    shares = _shares(units)
    points = []
    for index, name in enumerate(names):
        run_s, cost = (interval_of(units[name][column].tolist()) for column in ("run_s", "cost_usd"))
        assert run_s is not None and cost is not None
        by = tuple(other for other, is_so in zip(names, beaten[index], strict=True) if is_so)
        points.append(FrontierPoint(name, len(units[name]), run_s, cost, by, shares.get(name), not by))
    points.sort(key=lambda point: point.run_s.median)
    return Frontier(workload, variant, points, _frontier_text(points))


def _shares(units: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Share of bootstrap resamples of the leases in which each shape is on the frontier."""
    if min(len(rows) for rows in units.values()) < MIN_REPEATS:
        return {}
    rng = np.random.default_rng(SEED)
    drawn = np.stack(
        [
            np.median(rows.to_numpy()[rng.integers(len(rows), size=(RESAMPLES, len(rows)))], axis=1)
            for rows in units.values()
        ],
        axis=1,
    )
    on = ~dominance(drawn).any(axis=-1)
    return dict(zip(units, (float(share) for share in on.mean(axis=0)), strict=True))


def _frontier_text(points: list[FrontierPoint]) -> str:
    on = [point.scenario for point in points if point.on_frontier]
    fewest = min(point.leases for point in points)
    if len(points) == 1:
        return "One shape was measured: there is no frontier."
    said = f"On the frontier of time and cost: {', '.join(on)}."
    if fewest < MIN_REPEATS:
        return f"{said} A first look: {plural(fewest, 'lease')} of a shape cannot say how sure that is."
    unsure = [f"{p.scenario} in {p.frontier_share:.0%}" for p in points if p.frontier_share not in (None, 0.0, 1.0)]
    return said + (f" Of resamples: {', '.join(unsure)}." if unsure else " So in every resample of the leases.")


def _same(values: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return values[values["run"].isin(list(rows["run"]))]


def _interval(rows: pd.DataFrame, metric: str) -> Interval | None:
    return interval_of(units_of(rows, metric).values.tolist()) if len(rows) else None


def _paid(runs: Runs) -> pd.DataFrame:
    """USD per lease: its bill or measurement, else list price over all recorded stages of all its attempts, ok or not.

    ``run_share`` is the share of the recorded stages in which a workload ran.
    """
    frame = runs.runs[["lease", "usd_per_hour", *STAGES]].copy()
    frame["all_s"] = frame[list(STAGES)].fillna(0.0).sum(axis=1)
    frame["usd"] = frame["all_s"] * frame["usd_per_hour"] / 3600
    sums = frame.groupby("lease")[["all_s", "run_s", "usd"]].sum()
    for lease, usd in runs.paid.leases.items():
        sums.loc[lease, "usd"] = usd
    return pd.DataFrame({"usd": sums["usd"], "run_share": sums["run_s"] / sums["all_s"].where(sums["all_s"] > 0)})
