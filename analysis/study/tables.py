"""The study's tables 1 and 2 in its own layout: ours beside the published figures of :mod:`analysis.study.seed`."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.measures import training
from analysis.measures.grid import PARAMETERS, SERIES, observations
from analysis.records.runs import Runs
from analysis.statistics.intervals import Interval, interval_of
from analysis.statistics.linear import Estimate
from analysis.study import seed
from analysis.study.regression import Regression

Phase = str  # "before" or "after" caching and parallelisation; empty where the workload has no such forms
PHASES = {"naive": "before", "optimised": "after"}
FORMATS = ("image", "tfrecord")


def phase_of(configuration: dict[str, object]) -> Phase:
    """Which of the study's two forms of the speed tests a configuration is of."""
    return PHASES.get(str(configuration.get("variant")), "")


@dataclass(frozen=True)
class RowR:
    """One row of table 1: R of throughput with one parameter; None where the study or we have no such number."""

    format: str
    parameter: str
    published: dict[Phase, float]
    ours: dict[Phase, Estimate]


@dataclass(frozen=True)
class TableR:
    """Table 1 for one scenario, workload, source and cache of ours. ``phases``: those that we measured."""

    scenario: str
    workload: str
    source: str
    cache: str
    setting: str  # what else differs; empty: nothing
    phases: tuple[Phase, ...]
    sizes: dict[str, str]  # "<format> <phase>" -> observations and leases behind it
    rows: list[RowR]


def table_1(runs: Runs, found: list[Regression]) -> list[TableR]:
    """One table per scenario, workload, source and cache that has a regression; none without."""
    blocks: dict[tuple[str, ...], dict[tuple[str, Phase], Regression]] = {}
    phases = _phases(runs)
    for one in found:
        if one.operation != "read":
            continue
        phase = phases.get(tuple(getattr(one, name) for name in SERIES), "")
        rest = ", ".join(p for p in one.variant.split(", ") if p and not (phase and p.startswith("variant=")))
        key = (one.scenario, one.workload, one.source, one.cache, rest)
        blocks.setdefault(key, {})[one.format, phase] = one
    published = {(row.format, row.parameter): row for row in seed.TABLE_1}
    tables = []
    for (scenario, workload, source, cache, setting), of_block in blocks.items():
        rows = []
        for kind in FORMATS:
            for parameter in PARAMETERS:
                row = published[kind, parameter.name]  # type: ignore[index]
                ours = {
                    phase: fit.r
                    for (form, phase), one in of_block.items()
                    if form == kind and (fit := one.parameter(parameter.name)) and fit.r
                }
                rows.append(RowR(kind, parameter.name, {"before": row.before, "after": row.after}, ours))
        have = tuple(p for p in ("before", "after", "") if any(phase == p for _, phase in of_block))
        sizes = {f"{form} {phase}": f"{o.observations} measurements, {o.leases} lease{'s' if o.leases > 1 else ''}"
                 for (form, phase), o in of_block.items()}  # fmt: skip
        tables.append(TableR(scenario, workload, source, cache, setting, phases=have, sizes=sizes, rows=rows))
    return tables


def _phases(runs: Runs) -> dict[tuple[str, ...], Phase]:
    """The phase of each series of :func:`analysis.measures.grid.observations`."""
    first = observations(runs).drop_duplicates(SERIES)
    return {
        tuple(str(row[name]) for name in SERIES): phase_of(runs.records[str(row["run"])].configuration)
        for _, row in first.iterrows()
    }


@dataclass(frozen=True)
class RowTraining:
    """One row of table 2; ``ours`` by the names of :data:`analysis.measures.training.VALUES`, intervals over leases."""

    strategy: str
    batch_size: int | None
    scenario: str  # empty where we have none
    setting: str
    published: seed.PublishedTraining | None
    ours: dict[str, Interval | None]
    runs: int
    leases: int


def table_2(runs: Runs) -> list[RowTraining]:
    """The study's rows and ours, those of the same strategy and batch size as one; none where nothing was trained.

    The training of part 4b is a row of its own: without its batch size none of ours is its like.
    """
    frame = training.finals(runs)
    if frame.empty:
        return []
    published = {(row.strategy, row.batch_size): row for row in seed.TABLE_2}
    rows, met = [], set()
    keys = ["strategy", "batch_size", "scenario", "setting"]
    for key, group in frame.groupby(keys, sort=True, dropna=False):
        strategy, batch_size = str(key[0]), int(size) if (size := str(key[1])).isdigit() else None
        met.add((strategy, batch_size))
        means = group.groupby("lease")[list(training.VALUES)].mean()
        ours = {value: interval_of(means[value].astype("float64").tolist()) for value in training.VALUES}
        theirs = published.get((strategy, batch_size))  # type: ignore[arg-type]
        rows.append(
            RowTraining(strategy, batch_size, str(key[2]), str(key[3]), theirs, ours, len(group), len(means))
        )  # fmt: skip
    others = [seed.PART_4B, *(row for key, row in published.items() if key not in met)]
    rows += [RowTraining(row.strategy, row.batch_size, "", "", row, {}, 0, 0) for row in others]
    order = list(training.STRATEGIES.values())
    return sorted(
        rows,
        key=lambda r: (order.index(r.strategy) if r.strategy in order else 9, r.batch_size or 0, r.scenario, r.setting),
    )
