"""Run an experiment: bring its clusters up, run each cell that has no record yet, tear everything down."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from infra.base.errors import BakeoffError, LimitError, RecordError, UsageError
from infra.base.locks import host_lock
from infra.base.options import Options
from infra.base.progress import Progress
from infra.base.signals import ignored
from infra.clusters import teardown
from infra.clusters.pool import Pool
from infra.inputs import dataset as data
from infra.inputs import workloads as workloads_registry
from infra.inputs.experiment import Cell, Experiment, cells
from infra.inputs.scenario import load_scenario
from infra.leases import lease as leases
from infra.measure.attempt import run_attempt
from infra.measure.repeats import Repeats
from infra.records import fingerprint
from infra.targets.base import Target
from infra.targets.registry import open_target
from workloads.record import RunRecord, Status


class Row(BaseModel):
    """One cell of a bench, as ``bench --json`` gives it."""

    scenario: str
    workload: str
    configuration: dict[str, object]
    repeat: int
    status: Status | Literal["done_before", "not_run"]
    reason: str | None
    record: str | None  # path
    run_s: float | None


class _RefusedError(Exception):
    """The target brings up no cluster for a cell, which says nothing of the cell."""


def bench(experiment: Experiment, options: Options, progress: Progress, slot: int = 0) -> list[Row]:
    """Run every cell that is not finished, in randomised blocks; an interrupted experiment resumes.

    With ``[adaptive]`` the blocks end when the metric is known well enough, see :mod:`infra.measure.repeats`.

    Args:
        slot: one experiment runs in a folder at a time; other cells of it, in other slots of the same process, run beside it.

    Returns:
        One row per cell, in running order; cells that turned out not to be needed have none. A failed cell does not
        stop the others, nor does one whose cluster the target refuses, which is not run.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, after teardown.
        LeftoverError: something survived the teardown.
    """
    beside = f"-{slot}" if slot else ""
    with host_lock(f"experiment-{options.runs_dir / experiment.name}{beside}", timeout_s=24 * 3600, progress=progress):
        return _bench(experiment, options, progress)


def _bench(experiment: Experiment, options: Options, progress: Progress) -> list[Row]:
    scenarios = {name: load_scenario(name) for name in experiment.scenarios}
    _sweep_own_dead(experiment, options, progress)
    target = open_target(options.target)
    dataset = (
        data.prepare(experiment.data, progress, in_place=target.traits.reads_gs_in_place)
        if experiment.needs_images
        else None
    )
    blocks = cells(experiment, scenarios, _next_repeat(experiment, options) if options.one_off else 0)
    _refuse(target, blocks)
    conditions = _conditions(experiment, options, dataset)
    names = {cell_key(cell): cell.identity(conditions) for block in blocks for cell in block}
    done = {key: found for key, name in names.items() if (found := finished(options.runs_dir, experiment.name, name))}
    rows = _Rows(blocks, done)
    needs = any(workloads_registry.find(workload.name).tensorflow for workload in experiment.workloads)
    pool = Pool(experiment, options, dataset, progress, tensorflow=needs)
    repeats = Repeats(experiment, options.runs_dir, names.values(), len(blocks[0]))
    todo = [[cell for cell in block if cell_key(cell) not in done] for block in blocks]
    measured = next((index for index, block in enumerate(todo) if block), len(todo))
    if repeats.stop(measured, progress):  # an earlier session has measured enough
        rows.drop(todo)
        todo = []
    total = sum(len(block) for block in todo)
    progress.note(
        f"{experiment.name}: {'at most ' if experiment.adaptive else ''}{total} cells to run, {len(done)} done before"
    )
    with pool.open(expected_s([cell for block in todo for cell in block], options.runs_dir, options.target)):
        count, began = 0, time.monotonic()
        for index, block in enumerate(todo):
            for cell in block if experiment.repeat_level == "attempt" else _by_scenario(block):
                left_s = (time.monotonic() - began) / count * (total - count) if count else None
                progress.stage(_headline(cell, count, total, left_s))
                try:
                    rows.add(cell, *_run_cell(cell, names[cell_key(cell)], pool, progress))
                except _RefusedError as error:
                    progress.note(
                        f"not run: {cell.workload} on {cell.scenario.name}, repeat {cell.repeat + 1}: {error}"
                    )
                    rows.stop(str(error), cell)
                except LimitError as error:  # no further cell can run, and its record could not be told from a failure
                    progress.note(str(error))
                    rows.stop(str(error))
                    return rows.all()
                count += 1
            if block and repeats.stop(index + 1, progress):
                rows.drop(todo[index + 1 :])
                break
    return rows.all()


def _refuse(target: Target, blocks: list[list[Cell]]) -> None:
    """Raise UsageError for cells that the target cannot run, before anything is made."""
    refused = dict.fromkeys(why for block in blocks for cell in block if (why := target.refuses(cell)))
    if refused:
        raise UsageError(" ".join(refused))


def expected_s(todo: list[Cell], runs_dir: Path, target: str) -> dict[str, float]:
    """Seconds that each scenario is expected to be needed: from past records of its workloads, else from time limits.

    A past attempt counts from submit to end. What is not known is taken for the longest it can be.
    """
    known: dict[tuple[str, str, str], list[float]] = {}
    for cell in {(cell.experiment, cell.scenario.name): cell for cell in todo}.values():
        for path in (runs_dir / cell.experiment).glob(f"{cell.scenario.name}--*/run.json"):
            run = read_record(path.parent)
            lasted = (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()
            if run.status is Status.OK and run.scenario == cell.scenario:
                known.setdefault((run.target, run.scenario.name, run.workload), []).append(lasted)
    total: dict[str, float] = {}
    for cell in todo:
        past = known.get((target, cell.scenario.name, cell.workload))
        name = cell.scenario.name
        total[name] = total.get(name, 0.0) + (max(past) if past else cell.timeout_s)
    return total


def _conditions(experiment: Experiment, options: Options, dataset: data.Dataset | None) -> dict[str, object]:
    """What determines a result and lies outside of the cell."""
    return {
        "dataset": dataset.facts["listing_sha256"] if dataset else None,
        **open_target(options.target).conditions(options),
        "repeat_level": experiment.repeat_level,
        "code": fingerprint.workloads_code(),
        "packages": fingerprint.packages(),
    }


def _by_scenario(block: list[Cell]) -> list[Cell]:
    """Cells of one scenario side by side, so that each scenario is applied once; scenarios keep their random order."""
    order = list(dict.fromkeys(cell.scenario.name for cell in block))
    return sorted(block, key=lambda cell: order.index(cell.scenario.name))


def _next_repeat(experiment: Experiment, options: Options) -> int:
    """``bakeoff run`` always measures anew: its repeats are numbered on from the records that are there."""
    records = (options.runs_dir / experiment.name).glob("*/run.json")
    return max((read_record(path.parent).repeat + 1 for path in records), default=0)


def cell_key(cell: Cell) -> tuple[str, str, str, int]:
    """What tells the cells of one experiment apart."""
    job = (sorted(cell.configuration.items()), cell.script, cell.args)
    return cell.scenario.name, cell.workload, repr(job), cell.repeat


def finished(runs_dir: Path, experiment: str, name: str) -> Path | None:
    """The record of a cell that ended well, whichever attempt it was."""
    for path in attempts(runs_dir, experiment, name):
        if read_record(path).status is Status.OK:
            return path
    return None


def attempts(runs_dir: Path, experiment: str, name: str) -> list[Path]:
    """Every record of a cell, first attempt first."""
    folder = runs_dir / experiment
    return [p for p in [folder / name, *sorted(folder.glob(f"{name}.*"))] if (p / "run.json").is_file()]


def read_record(path: Path) -> RunRecord:
    """``run.json`` of one record. Raises RecordError, with its path, if it is damaged."""
    try:
        return RunRecord.model_validate_json((path / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"The record {path} is damaged: move it away to measure anew. {error}") from error


def _headline(cell: Cell, count: int, total: int, left_s: float | None) -> str:
    left = (
        f", about {left_s / 60:.0f} min left"
        if left_s and left_s >= 60
        else f", about {left_s:.0f} s left"
        if left_s
        else ""
    )
    return f"cell {count + 1} of {total}: {cell.workload} on {cell.scenario.name}, repeat {cell.repeat + 1}{left}"


def _run_cell(
    cell: Cell, name: str, pool: Pool, progress: Progress
) -> tuple[Path | None, RunRecord | None, str | None]:
    try:
        try:
            lease = pool.get(cell)
        except UsageError as error:
            raise _RefusedError(str(error)) from error
        number = len(attempts(pool.options.runs_dir, cell.experiment, name)) + 1
        path, run = run_attempt(
            lease, cell, cell_id=name, attempt=number, runs_dir=pool.options.runs_dir, progress=progress
        )
    except (LimitError, _RefusedError):
        raise
    except BakeoffError as error:
        progress.note(f"failed: {cell.workload} on {cell.scenario.name}, repeat {cell.repeat + 1}: {error}")
        return None, None, str(error)
    said = f"{run.stages.run_s:.1f} s" if run.stages.run_s is not None else "no time"
    with ignored():  # the record is whole, and counts
        progress.note(
            f"{run.status}: {cell.workload} on {cell.scenario.name}, repeat {cell.repeat + 1}: {run.reason or said}"
        )
    return path, run, run.reason


def _sweep_own_dead(experiment: Experiment, options: Options, progress: Progress) -> None:
    """Clusters that a killed run of this very experiment left up would share the host with this one."""
    for lease in leases.all_leases(options.runs_dir):
        if lease.state.experiment == experiment.name and lease.abandoned:
            progress.note(f"lease {lease.id} was left by a killed run of this experiment: removing it")
            with ignored():
                teardown.tear_down(lease, options.runs_dir, progress)


class _Rows:
    def __init__(self, blocks: list[list[Cell]], done: dict[tuple[str, str, str, int], Path]) -> None:
        self._rows: dict[tuple[str, str, str, int], Row] = {}
        for cell in (c for block in blocks for c in block):
            path = done.get(cell_key(cell))
            run_s = read_record(path).stages.run_s if path else None
            self._put(cell, "done_before" if path else "not_run", None, path, run_s)

    def add(self, cell: Cell, path: Path | None, run: RunRecord | None, reason: str | None) -> None:
        self._put(cell, run.status if run else Status.FAILED, reason, path, run.stages.run_s if run else None)

    def drop(self, blocks: list[list[Cell]]) -> None:
        """Forget cells that are not needed any more."""
        for cell in (c for block in blocks for c in block):
            del self._rows[cell_key(cell)]

    def stop(self, reason: str, cell: Cell | None = None) -> None:
        """Say of the cells that did not run, or of one of them, why."""
        for key, row in self._rows.items():
            if row.status == "not_run" and (cell is None or key == cell_key(cell)):
                self._rows[key] = row.model_copy(update={"reason": reason})

    def all(self) -> list[Row]:
        return list(self._rows.values())

    def _put(
        self,
        cell: Cell,
        status: Status | Literal["done_before", "not_run"],
        reason: str | None,
        path: Path | None,
        run_s: float | None,
    ) -> None:
        self._rows[cell_key(cell)] = Row(
            scenario=cell.scenario.name,
            workload=cell.workload,
            configuration=cell.configuration,
            repeat=cell.repeat,
            status=status,
            reason=reason,
            record=str(path) if path else None,
            run_s=run_s,
        )
