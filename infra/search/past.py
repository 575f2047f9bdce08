"""Shapes as candidates of a search, and what records say of other workloads on them."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pandas as pd

from analysis.search.core.problem import Candidates, Outcome, Past
from infra.base.errors import RecordError
from infra.catalogue import Catalogue
from infra.catalogue.pricing import usd_per_hour
from infra.records.reader import read_record
from workloads.record import RunRecord, Scenario, Status


def to_candidates(shapes: list[Scenario]) -> Candidates:
    """Shapes as candidates: nodes that work (the master alone, or the workers), their size, accelerators, disk, and price."""
    rows = []
    for shape in shapes:
        machine = Catalogue.default().machine_type(shape.machine_type)
        rows.append(
            {
                "nodes": max(1, shape.workers),
                "spot_workers": shape.spot_workers,
                "vcpus": machine.vcpus,
                "mem_gib": machine.memory_gb,
                "machine_type": shape.machine_type,
                "master_machine_type": shape.master_machine_type,
                "accelerator": shape.accelerator_type or "none",
                "accelerator_count": shape.accelerator_count,
                "disk_type": shape.disk_type,
                "disk_gb": shape.disk_gb,
            }
        )
    return Candidates(tuple(s.name for s in shapes), pd.DataFrame(rows), tuple(usd_per_hour(s) for s in shapes))


def load_past(runs_dir: Path, workload: str, target: str) -> tuple[Past, ...]:
    """Past runs of other workloads on the same target, from all records.

    A shape's repeats count as their median, and as failed or timed out if most of them were; damaged records and invalid runs
    are left out.
    """
    groups: dict[tuple[str, str], dict[str, list[RunRecord]]] = {}
    for path in sorted(runs_dir.glob("*/*/run.json")):
        try:
            record = read_record(path.parent)
        except RecordError:
            continue
        if record.workload == workload or record.target != target or record.status is Status.INVALID:
            continue
        configuration = (record.workload, repr(sorted(record.configuration.items())))
        shape = record.scenario.model_dump_json(exclude={"name"})
        groups.setdefault(configuration, {}).setdefault(shape, []).append(record)
    found = []
    for (name, _), by_shape in groups.items():
        known = [(runs[0].scenario, outcome) for runs in by_shape.values() if (outcome := _outcome(runs))]
        if known:
            # One name can have stood for two shapes.
            shapes = to_candidates(
                [shape.model_copy(update={"name": f"{shape.name} {i}"}) for i, (shape, _) in enumerate(known)]
            )
            found.append(Past(name, name, shapes, {i: outcome for i, (_, outcome) in enumerate(known)}))
    return tuple(found)


def _outcome(runs: list[RunRecord]) -> Outcome | None:
    """Of the repeats on one shape; None: they ended well, and did not say how long or at what cost."""
    well = [run for run in runs if run.status is Status.OK]
    if 2 * len(well) <= len(runs):
        return Outcome("timed_out" if any(run.status is Status.TIMED_OUT for run in runs) else "failed", {})
    measured = [(run.stages.run_s, run.cost_usd) for run in well if run.stages.run_s and run.cost_usd]
    if not measured:
        return None
    return Outcome("ok", {"runtime_s": median(s for s, _ in measured), "cost_usd": median(usd for _, usd in measured)})
