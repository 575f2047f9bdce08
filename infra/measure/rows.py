"""What a bench says of each of its cells."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from infra.inputs.cells import Cell
from infra.records.reader import read_record
from workloads.record import RunRecord, Status


class Row(BaseModel):
    """One cell of a bench, as ``bench --json`` gives it."""

    scenario: str
    workload: str
    configuration: dict[str, object]
    repeat: int
    status: Status | Literal["done_before", "not_run"] = "not_run"
    reason: str | None = None
    record: str | None = None  # path
    run_s: float | None = None


class Rows:
    """The rows of one bench, in running order.

    Args:
        done: the record of each cell that needs no attempt, by the cell's key.
    """

    def __init__(self, blocks: list[list[Cell]], done: dict[str, Path]) -> None:
        self._rows = {}
        for cell in (cell for block in blocks for cell in block):
            row = Row(
                scenario=cell.scenario.name,
                workload=cell.workload,
                configuration=cell.configuration,
                repeat=cell.repeat,
            )
            if path := done.get(cell.key):
                run_s = read_record(path).stages.run_s
                row = row.model_copy(update={"status": "done_before", "record": str(path), "run_s": run_s})
            self._rows[cell.key] = row

    def add(self, cell: Cell, path: Path, run: RunRecord) -> None:
        """A cell has a record."""
        self._change(cell, status=run.status, reason=run.reason, record=str(path), run_s=run.stages.run_s)

    def fail(self, cell: Cell, reason: str) -> None:
        """A cell was tried, and has no record."""
        self._change(cell, status=Status.FAILED, reason=reason)

    def refuse(self, cell: Cell, reason: str) -> None:
        """A cell was not tried."""
        self._change(cell, reason=reason)

    def stop(self, reason: str) -> None:
        """Say of all cells that did not run why."""
        for key, row in self._rows.items():
            if row.status == "not_run":
                self._rows[key] = row.model_copy(update={"reason": reason})

    def drop(self, blocks: list[list[Cell]]) -> None:
        """Forget cells that are not needed any more."""
        for cell in (cell for block in blocks for cell in block):
            del self._rows[cell.key]

    def all(self) -> list[Row]:
        """One row per cell."""
        return list(self._rows.values())

    def _change(self, cell: Cell, **changes: object) -> None:
        self._rows[cell.key] = self._rows[cell.key].model_copy(update=changes)
