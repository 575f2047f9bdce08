"""One paid run of a search: bring the shape up, run the workload, collect, destroy; all of it by ``bench``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from infra.base.errors import LimitError, UsageError
from infra.base.options import Options
from infra.base.progress import Progress
from infra.clusters import lifecycle
from infra.inputs.cells import cells
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.inputs.space import Space
from infra.inputs.workloads import find_workload
from infra.measure.bench import bench
from infra.measure.rows import Row
from infra.records.reader import read_record
from infra.targets.registry import open_target
from workloads.record import Scenario, Status
from workloads.record.search import RunOutcome
from workloads.record.tables import MEASUREMENTS, NODES, read_table
from workloads.record.teardown import Teardown
from workloads.workload import RunFacts

NODE_METRICS = ("cpu_ratio", "mem_bytes", "net_rx_bytes_s", "net_tx_bytes_s", "disk_read_ops_s", "disk_write_ops_s")


Runner = Callable[[Scenario, str, int, float | None], RunOutcome]
"""Runs a workload, by name, on a shape (in slot k of those running side by side, within so many USD) to its end, teardown
included."""


def check_shape(shape: Scenario, workloads: list[WorkloadSpec], options: Options) -> None:
    """Raise UsageError for a shape that the target cannot make, or cannot run one of the workloads on."""
    target = open_target(options.target)
    lifecycle.check([shape], options)
    experiment = Experiment(name="search", scenarios=[shape.name], repeats=1, workloads=workloads)
    (block,) = cells(experiment, {shape.name: shape})
    if refused := dict.fromkeys(why for cell in block if (why := target.refuses(cell))):
        raise UsageError(" ".join(refused))


def fitting_shapes(space: Space, workloads: list[WorkloadSpec], options: Options) -> tuple[list[Scenario], list[str]]:
    """The shapes of a space that the target can make and run the workloads on, and a sentence on each that is left out.

    Raises:
        UsageError: there is none, with the first reason.
    """
    shapes, left_out = [], []
    for shape in space.shapes():
        try:
            check_shape(shape, workloads, options)
            shapes.append(shape)
        except UsageError as error:
            left_out.append(f"left out: {shape.name}: {error}")
    if not shapes:
        raise UsageError(f"No shape of the space '{space.name}' fits. {left_out[0]}")
    return shapes, left_out


def bench_runner(
    name: str,
    workloads: list[WorkloadSpec],
    data: DataSpec,
    timeout_s: float,
    options: Options,
    progress: Progress,
    max_latency_ms: float | None = None,
) -> Runner:
    """A runner of these workloads by ``bench``: its leases, locks, limits and teardown are those of every experiment.

    A cell that has a record is not run again, so a search whose journal lost its last line pays for nothing twice.
    A run that was not made, because of a limit or as the target refused its cluster, says nothing of its shape: LimitError.
    """
    specs = {spec.name: spec for spec in workloads}
    # Where prices are notional, nothing is paid for: the search alone holds its runs to the limit.
    notional = open_target(options.target).traits.notional_prices

    def once(experiment: Experiment, shape: Scenario, slot: int, left_usd: float | None) -> Row:
        (row,) = bench(
            experiment, replace(options, max_usd=None if notional else left_usd), progress, slot, {shape.name: shape}
        )
        if row.status == "not_run":
            raise LimitError(row.reason or "a limit was reached")
        return row

    def run(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        experiment = Experiment(
            name=name,
            scenarios=[shape.name],
            repeats=1,
            repeat_level="lease",
            timeout_s=timeout_s,
            data=data,
            workloads=[specs[workload]],
        )
        row = once(experiment, shape, slot, left_usd)
        outcome = _outcome(row, max_latency_ms)
        if row.status == Status.INVALID:  # it says nothing of the shape: once more, where the limit allows it
            paid_usd = outcome.paid_usd or 0.0
            with suppress(UsageError, LimitError):
                row = once(experiment, shape, slot, None if left_usd is None else left_usd - paid_usd)
                outcome = _outcome(row, max_latency_ms)
                outcome = outcome.model_copy(update={"paid_usd": paid_usd + (outcome.paid_usd or 0.0)})
        return outcome

    return run


def _outcome(row: Row, max_latency_ms: float | None) -> RunOutcome:
    if row.record is None:
        return RunOutcome(
            shape=row.scenario, workload=row.workload, status="failed", values={}, metrics={}, paid_usd=None,
            reason=row.reason, record=None,
        )  # fmt: skip
    record = read_record(Path(row.record))
    run_s, cost_usd = record.stages.run_s, record.cost_usd
    if run_s is None:  # it did not come so far: what it took is paid for all the same
        stages = record.stages
        run_s = sum(s or 0.0 for s in (stages.submit_s, stages.finish_s)) or None
        cost_usd = record.usd_per_hour * run_s / 3600 if run_s else None
    lease_usd = _lease_usd(Path(row.record))
    values = {name: value for name, value in (("runtime_s", run_s), ("cost_usd", cost_usd)) if value}
    values |= _measured(Path(row.record), row.workload, RunFacts(record.usd_per_hour, max_latency_ms))
    status: Literal["ok", "failed", "timed_out"] = "failed"
    if record.status is Status.OK:
        status = "ok"
    elif record.status is Status.TIMED_OUT:
        status = "timed_out"
    return RunOutcome(
        shape=row.scenario, workload=row.workload, status=status, values=values,
        metrics=_node_metrics(Path(row.record)), paid_usd=cost_usd if lease_usd is None else lease_usd,
        reason=row.reason, record=row.record,
    )  # fmt: skip


def _lease_usd(record: Path) -> float | None:
    """What the run's cluster cost from its creation to its end, which was there for this run alone; None: not measured."""
    try:
        return Teardown.model_validate_json((record / "teardown.json").read_text(encoding="utf-8")).measured_usd
    except (OSError, ValueError):
        return None


def _measured(record: Path, workload: str, facts: RunFacts) -> dict[str, float]:
    """The outcomes of the workload that were measured, by name."""
    try:
        rows = read_table(record, MEASUREMENTS).to_pylist()
    except FileNotFoundError:
        return {}
    read = {outcome.name: outcome.read(rows, facts) for outcome in find_workload(workload).outcomes}
    return {name: value for name, value in read.items() if value is not None}


def _node_metrics(record: Path) -> dict[str, float]:
    """Means over nodes and seconds; what was not measured is left out."""
    try:
        table = read_table(record, NODES).to_pandas()
    except FileNotFoundError:
        return {}
    return {
        f"m_{name}": float(table[name].mean()) for name in NODE_METRICS if name in table and table[name].notna().any()
    }
