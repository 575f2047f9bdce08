"""What the records that are there already say of the cells of an experiment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from infra.inputs.cells import Cell
from infra.records.reader import read_record
from workloads.record import Status


def next_repeat(runs_dir: Path, experiment: str) -> int:
    """The first repeat that no record has: ``bakeoff run`` measures anew, and its repeats are numbered on."""
    records = (runs_dir / experiment).glob("*/run.json")
    return max((read_record(path.parent).repeat + 1 for path in records), default=0)


def finished(runs_dir: Path, experiment: str, cell_id: str) -> Path | None:
    """The record of a cell that ended well, whichever attempt it was."""
    for path in attempts(runs_dir, experiment, cell_id):
        if read_record(path).status is Status.OK:
            return path
    return None


def attempts(runs_dir: Path, experiment: str, cell_id: str) -> list[Path]:
    """Every record of a cell, first attempt first."""
    folder = runs_dir / experiment
    return [p for p in [folder / cell_id, *sorted(folder.glob(f"{cell_id}.*"))] if (p / "run.json").is_file()]


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
