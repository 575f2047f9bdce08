"""From runs to results: median and range of each metric, per scenario, workload and variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.compare.verdict import Verdict, verdicts
from analysis.measures import metrics
from analysis.measures.units import units_of, values_of
from analysis.measures.validity import Validity, validity
from analysis.records.damaged import Damaged
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.statistics.intervals import Interval, interval_of
from workloads.record import RunRecord


@dataclass(frozen=True)
class Spread:
    """Median and range of one metric over the runs that have it, in the metric's unit."""

    n: int
    median: float
    min: float
    max: float
    values: tuple[float, ...]


def spread_of(values: Iterable[float]) -> Spread | None:
    """Median and range of values without the missing ones; None where no run has the metric, as missing is not zero."""
    known = pd.Series(list(values), dtype="float64").dropna()
    if known.empty:
        return None
    return Spread(len(known), float(known.median()), float(known.min()), float(known.max()), tuple(known.tolist()))


@dataclass(frozen=True)
class Shape:
    """A scenario as it was measured: nominal sizes include the master."""

    name: str
    workers: int
    machine_type: str
    master_machine_type: str
    disk_type: str
    disk_gb: int
    spot_workers: int
    accelerator_type: str | None
    accelerator_count: int
    vcpus: int | None
    memory_gb: float | None
    usd_per_hour: float


@dataclass(frozen=True)
class Result:
    """One scenario on one workload and variant."""

    scenario: str
    workload: str
    variant: str
    n: int  # ok runs
    leases: int  # distinct leases among them: repeats on one lease share its luck
    not_ok: dict[str, int]
    metrics: dict[str, Spread | None]
    missing: list[str]
    representative_run: str | None  # the ok run whose run time is nearest to the median

    def spread(self, metric: str) -> Spread | None:
        return self.metrics.get(metric)


@dataclass(frozen=True)
class Throughput:
    """Images/s of one scenario for one kind of measurement."""

    scenario: str
    workload: str
    variant: str
    operation: str
    format: str
    source: str
    cache: str
    images_per_s: Spread
    interval: Interval | None  # of images/s, over leases
    cost_per_1000_usd: Spread | None


@dataclass(frozen=True)
class Summary:
    """All that the report states in numbers and words."""

    experiment: str
    records: int
    by_status: dict[str, int]
    shapes: list[Shape]
    results: list[Result]
    throughput: list[Throughput]
    verdicts: list[Verdict]
    validity: Validity
    damaged: list[Damaged]
    provenance: dict[str, list[str]]
    teardowns: list[dict[str, Any]]
    cost_source: str  # billed, measured or list price
    cost_said: str  # what that means, a sentence


def summary_of(runs: Runs, experiment: str) -> Summary:
    """Summarise loaded records."""
    results = _results(runs)
    return Summary(
        experiment=experiment,
        records=len(runs.records),
        by_status=dict(sorted(Counter(str(r.status) for r in runs.records.values()).items())),
        shapes=_shapes(runs.records.values()),
        results=results,
        throughput=_throughput(runs),
        verdicts=verdicts(runs),
        validity=validity(runs),
        damaged=runs.damaged,
        provenance=_provenance(runs),
        teardowns=[t.model_dump() for t in runs.teardowns],
        cost_source=runs.paid.source,
        cost_said=_cost_said(runs),
    )


def _cost_said(runs: Runs) -> str:
    notional = runs.paid.source == "list price" and any(r.target == "local" for r in runs.records.values())
    return f"Cost per run is {runs.paid.text}" + ("; notional on the local target." if notional else ".")


def _shapes(records: Iterable[RunRecord]) -> list[Shape]:
    shapes: dict[str, Shape] = {}
    for record in records:
        scenario, nodes = record.scenario, record.nodes
        if scenario.name in shapes and (shapes[scenario.name].vcpus is not None or not nodes):
            continue
        shapes[scenario.name] = Shape(
            **scenario.model_dump(),
            vcpus=sum(n.nominal_vcpus for n in nodes) if nodes else None,
            memory_gb=sum(n.nominal_memory_gb for n in nodes) if nodes else None,
            usd_per_hour=record.usd_per_hour,
        )
    return [shapes[name] for name in sorted(shapes)]


def _results(runs: Runs) -> list[Result]:
    results = []
    for (workload, variant, scenario), group in groups(metrics.per_run(runs), ["workload", "variant", "scenario"]):
        ok = group[group["status"] == "ok"]
        run_s = ok["run_s"].dropna()
        nearest = (run_s - run_s.median()).abs().sort_values(kind="stable").index
        results.append(
            Result(
                scenario=scenario,
                workload=workload,
                variant=variant,
                n=len(ok),
                leases=int(ok["lease"].nunique()),
                not_ok={str(k): int(v) for k, v in group["status"].value_counts().items() if k != "ok"},
                metrics={m.name: spread_of(ok[m.name]) for m in metrics.METRICS},
                missing=_missing([runs.records[str(run)] for run in ok.index]),
                representative_run=str(nearest[0]) if len(nearest) else None,
            )
        )
    return results


def _missing(records: list[RunRecord]) -> list[str]:
    """Sentences of the ok records on what was not measured, each once, with the number of records if not all."""
    counts = Counter(text for r in records for text in dict.fromkeys([*r.missing, *r.isolation.missing]))
    return [
        text if count == len(records) else f"{text} ({count} of {len(records)} records)"
        for text, count in sorted(counts.items())
    ]


def _throughput(runs: Runs) -> list[Throughput]:
    keys = ("workload", "variant", *metrics.GROUP, "scenario")
    by_kind = groups(values_of(runs, "images_per_s"), ["workload", "variant", "scenario", "kind"])
    intervals = {key: interval_of(units_of(of, "images_per_s").values.tolist()) for key, of in by_kind}
    rows = []
    for key, group in groups(metrics.throughput(runs), keys):
        if (spread := spread_of(group["images_per_s"])) is None:
            continue
        named = dict(zip(keys, key, strict=True))
        kind = " ".join(word for name in metrics.GROUP if (word := named[name]))
        interval = intervals.get((named["workload"], named["variant"], named["scenario"], kind))
        cost = spread_of(group["cost_per_1000_usd"])
        rows.append(Throughput(**named, images_per_s=spread, interval=interval, cost_per_1000_usd=cost))
    return rows


def _provenance(runs: Runs) -> dict[str, list[str]]:
    """Facts behind the results, each with its distinct values over all records."""
    facts: dict[str, Counter[str]] = {}

    def note(name: str, value: object) -> None:
        facts.setdefault(name, Counter())["not recorded" if value is None else str(value)] += 1

    for record in runs.records.values():
        dirty = " with uncommitted changes" if record.git_dirty else ""
        note("revision", f"{record.git_revision}{dirty}" if record.git_revision else None)
        note("target", record.target)
        note("lease", record.lease)
        note("host cores per vCPU", record.local_cores_per_vcpu)
        note("run time from", record.run_s_source)
        for kind, values in (("host", record.host), ("data set", record.dataset), ("package", record.packages)):
            for name, value in sorted(values.items()):
                note(f"{kind}: {name}", value)
    return {name: sorted(values) for name, values in facts.items()}
