"""Run an experiment: bring its clusters up, run each cell that has no record yet, tear everything down."""

from __future__ import annotations

import time
from collections.abc import Mapping

from infra.base.errors import BakeoffError, LimitError, UsageError
from infra.base.locks import host_lock
from infra.base.options import Options
from infra.base.progress import Progress
from infra.base.signals import ignored
from infra.clusters import teardown
from infra.clusters.pool import Pool
from infra.inputs import dataset as data
from infra.inputs.cells import Cell, cells
from infra.inputs.experiment import Experiment
from infra.inputs.scenario import load_scenario
from infra.leases import lease as leases
from infra.measure.attempt import run_attempt
from infra.measure.history import attempts, expected_s, finished, next_repeat
from infra.measure.repeats import Repeats
from infra.measure.rows import Row, Rows
from infra.records import fingerprint
from infra.targets.base import Target
from infra.targets.registry import open_target
from workloads.record import Scenario


def bench(
    experiment: Experiment,
    options: Options,
    progress: Progress,
    slot: int = 0,
    scenarios: Mapping[str, Scenario] | None = None,
) -> list[Row]:
    """Run every cell that is not finished, in randomised blocks; an interrupted experiment resumes.

    With ``[adaptive]`` the blocks end when the metric is known well enough, see :mod:`infra.measure.repeats`.

    Args:
        slot: one bench runs in a folder and slot at a time; a search uses a slot for each of its parallel runs.
        scenarios: the shapes that the experiment names, such as those of a search; None: each has its file.

    Returns:
        One row per cell, in running order; cells that turned out not to be needed have none. A failed cell does not
        stop the others, nor does one whose cluster the target refuses, which is not run.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, after teardown.
        LeftoverError: something survived the teardown.
    """
    suffix = f"-{slot}" if slot else ""
    with host_lock(f"experiment-{options.runs_dir / experiment.name}{suffix}", timeout_s=24 * 3600, progress=progress):
        shapes = {name: load_scenario(name) for name in experiment.scenarios} if scenarios is None else scenarios
        _sweep_own_dead(experiment, options, progress)
        return _bench(experiment, shapes, options, progress)


def _bench(
    experiment: Experiment, scenarios: Mapping[str, Scenario], options: Options, progress: Progress
) -> list[Row]:
    target, runs_dir = open_target(options.target), options.runs_dir
    dataset = None
    if experiment.needs_images:
        dataset = data.prepare(experiment.data, progress, in_place=target.traits.reads_gs_in_place)
    blocks = cells(experiment, scenarios, next_repeat(runs_dir, experiment.name) if options.one_off else 0)
    _refuse(target, blocks)
    conditions = _conditions(experiment, target, options, dataset)
    ids = {cell.key: cell.identity(conditions) for block in blocks for cell in block}
    done = {key: path for key, name in ids.items() if (path := finished(runs_dir, experiment.name, name))}
    rows = Rows(blocks, done)
    repeats = Repeats(experiment, runs_dir, ids.values(), len(blocks[0]))
    todo = [[cell for cell in block if cell.key not in done] for block in blocks]
    measured = next((index for index, block in enumerate(todo) if block), len(todo))
    if repeats.stop(measured, progress):  # an earlier session has measured enough
        rows.drop(todo)
        todo = []
    total = sum(len(block) for block in todo)
    progress.note(
        f"{experiment.name}: {'at most ' if experiment.adaptive else ''}{total} cells to run, {len(done)} done before"
    )
    pool = Pool(experiment, scenarios, options, dataset, progress)
    with pool.open(expected_s([cell for block in todo for cell in block], runs_dir, options.target)):
        count, began = 0, time.monotonic()
        for index, block in enumerate(todo):
            for cell in block if experiment.repeat_level == "attempt" else _by_scenario(block):
                left_s = (time.monotonic() - began) / count * (total - count) if count else None
                progress.stage(_headline(cell, count, total, left_s))
                try:
                    _run_cell(cell, ids[cell.key], pool, rows, progress)
                except LimitError as error:  # no further cell can run, and its record could not be told from a failure
                    progress.note(str(error))
                    rows.stop(str(error))
                    return rows.all()
                count += 1
            if block and repeats.stop(index + 1, progress):
                rows.drop(todo[index + 1 :])
                break
    return rows.all()


def _run_cell(cell: Cell, cell_id: str, pool: Pool, rows: Rows, progress: Progress) -> None:
    """Run one cell, and say in its row what came of it. Raises LimitError: a hard limit is reached."""
    runs_dir, lease = pool.options.runs_dir, None
    try:
        lease = pool.get(cell)
        number = len(attempts(runs_dir, cell.experiment, cell_id)) + 1
        path, run = run_attempt(lease, cell, cell_id=cell_id, attempt=number, runs_dir=runs_dir, progress=progress)
    except LimitError:
        raise
    except BakeoffError as error:
        if lease is None and isinstance(
            error, UsageError
        ):  # the target refuses the cluster: it says nothing of the cell
            progress.note(f"not run: {cell}: {error}")
            rows.refuse(cell, str(error))
        else:
            progress.note(f"failed: {cell}: {error}")
            rows.fail(cell, str(error))
        return
    rows.add(cell, path, run)
    said = f"{run.stages.run_s:.1f} s" if run.stages.run_s is not None else "no time"
    with ignored():  # the record is whole, and counts
        progress.note(f"{run.status}: {cell}: {run.reason or said}")


def _refuse(target: Target, blocks: list[list[Cell]]) -> None:
    """Raise UsageError for cells that the target cannot run, before anything is made."""
    refused = dict.fromkeys(why for block in blocks for cell in block if (why := target.refuses(cell)))
    if refused:
        raise UsageError(" ".join(refused))


def _conditions(
    experiment: Experiment, target: Target, options: Options, dataset: data.Dataset | None
) -> dict[str, object]:
    """What determines a result and lies outside of the cell: part of its identity."""
    return {
        "dataset": dataset.facts["listing_sha256"] if dataset else None,
        **target.conditions(options),
        "repeat_level": experiment.repeat_level,
        "code": fingerprint.workloads_code(),
        "packages": fingerprint.packages(),
    }


def _by_scenario(block: list[Cell]) -> list[Cell]:
    """Cells of one scenario side by side, so that each scenario is applied once; scenarios keep their random order."""
    order = list(dict.fromkeys(cell.scenario.name for cell in block))
    return sorted(block, key=lambda cell: order.index(cell.scenario.name))


def _headline(cell: Cell, count: int, total: int, left_s: float | None) -> str:
    left = ""
    if left_s:
        left = f", about {left_s / 60:.0f} min left" if left_s >= 60 else f", about {left_s:.0f} s left"
    return f"cell {count + 1} of {total}: {cell}{left}"


def _sweep_own_dead(experiment: Experiment, options: Options, progress: Progress) -> None:
    """Clusters that a killed run of this very experiment left up would share the host with this one."""
    for lease in leases.all_leases(options.runs_dir):
        if lease.state.experiment == experiment.name and lease.abandoned:
            progress.note(f"lease {lease.id} was left by a killed run of this experiment: removing it")
            with ignored():
                teardown.tear_down(lease, options.runs_dir, progress)
