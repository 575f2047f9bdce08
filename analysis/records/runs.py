"""Load records into typed frames.

A record is read whole or not at all: a damaged one is named with its reason in :attr:`Runs.damaged` and left out of
every frame. Records that are whole but did not end well (status other than ok) are in the frames; the summary
counts them and leaves them out of medians.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError
from pydantic_core import from_json

from analysis.errors import DamagedRecordError, NewerSchemaError, NoRecordsError
from analysis.records.columnar import read_tables, to_frame
from analysis.records.columns import RUN_MEASUREMENT_COLUMNS, RUN_NODE_COLUMNS
from analysis.records.damaged import Damaged, first_fault
from analysis.records.lease_files import read_bills, read_teardowns
from analysis.records.paid import Paid, cost_records
from analysis.records.rows import runs_frame
from workloads.record import SCHEMA_VERSION, Column, RunRecord, Summary, Teardown

Json = dict[str, Any]

UPGRADES: dict[int, Callable[[Json], Json]] = {
    1: dict,
    2: dict,
}  # versions 2 and 3 only added fields, each with a default
"""For each older schema version, the function that lifts a ``run.json`` of it to the next version."""

NOT_RECORDS = ("report", "figures", "tables")
"""Directories that may lie beside the records of an experiment."""


@dataclass(frozen=True)
class Runs:
    """Records in frames (columns: :mod:`analysis.records.columns`), and what could not be read."""

    runs: pd.DataFrame
    measurements: pd.DataFrame
    nodes: pd.DataFrame
    records: dict[str, RunRecord]
    summaries: dict[str, Summary]
    teardowns: list[Teardown]
    paid: Paid
    damaged: list[Damaged]
    own_columns: tuple[Column, ...] = ()
    """Columns of ``measurements`` besides :data:`MEASUREMENT_COLUMNS`, with their units: what single workloads measure."""

    @property
    def ok(self) -> pd.DataFrame:
        """The rows of ``runs`` whose status is ok."""
        return self.runs[self.runs["status"] == "ok"]


def load(runs_dir: Path, experiment: str) -> Runs:
    """Load every record under ``<runs_dir>/<experiment>/``.

    Args:
        runs_dir: the directory of all experiments and leases.
        experiment: name of the experiment, or several paths deep.

    Raises:
        NoRecordsError: there is no readable record; the message names the damaged ones, if any.
    """
    root = runs_dir / experiment
    if not root.is_dir():
        known = (
            sorted(p.name for p in runs_dir.iterdir() if p.is_dir() and p.name != "leases") if runs_dir.is_dir() else []
        )
        raise NoRecordsError(
            f"No records: '{root}' does not exist. Experiments with records: {', '.join(known) or 'none'}. "
            f"Measure first: bakeoff bench {experiment}"
        )
    found = {f"{experiment}/{path.name}": path for path in _record_directories(root)}
    records: dict[str, RunRecord] = {}
    summaries: dict[str, Summary] = {}
    reasons: dict[str, str] = {}
    shared: dict[object, object] = {}
    for run, directory in found.items():
        try:
            record = read_record(directory)
            summary = _read_summary(directory, record)
        except DamagedRecordError as error:
            reasons[run] = str(error)
            continue
        records[run] = _sharing(record, shared)
        if summary is not None:
            summaries[run] = summary
    tables = read_tables([(run, found[run]) for run in records])
    for run, reason in tables.damaged.items():  # what is left out may not tell the others apart either
        reasons[run] = reason
        del records[run]
        summaries.pop(run, None)
    damaged = [Damaged(run, reasons[run]) for run in found if run in reasons]
    if not records:
        named = "".join(f"\n  {d.run}: {d.reason}" for d in damaged)
        raise NoRecordsError(
            f"No readable record in '{root}'. Measure first: bakeoff bench {experiment}"
            + (f"\nDamaged records, left out:{named}" if named else "")
        )
    teardowns, no_proofs = read_teardowns(runs_dir, root, {r.lease for r in records.values()})
    bills, no_bills = read_bills({run: found[run] for run, r in records.items() if r.target != "local"}, records)
    costs = cost_records(records, teardowns, bills)
    return Runs(
        runs=runs_frame(records, summaries, costs),
        measurements=to_frame(tables.measurements, RUN_MEASUREMENT_COLUMNS),
        nodes=to_frame(tables.nodes, RUN_NODE_COLUMNS),
        records=records,
        summaries=summaries,
        teardowns=teardowns,
        paid=costs,
        damaged=[*damaged, *no_proofs, *no_bills],
        own_columns=tuple(tables.own.values()),
    )


def newest_experiment(runs_dir: Path) -> str:
    """Name of the experiment whose record was written last.

    Raises:
        NoRecordsError: there is no record at all.
    """
    records = list(runs_dir.glob("*/*/run.json"))
    if not records:
        raise NoRecordsError(f"No records under '{runs_dir}'. Measure first: bakeoff bench demo")
    return max(records, key=lambda path: (path.stat().st_mtime_ns, path)).parent.parent.name


def read_record(directory: Path) -> RunRecord:
    """Read one ``run.json``, of this schema version or any older one.

    Raises:
        NewerSchemaError: its schema version is newer than the one known here.
        DamagedRecordError: it is absent, not JSON, or does not fit the schema.
    """
    if directory.name.startswith(".") or ".tmp" in directory.name or ".partial" in directory.name:
        raise DamagedRecordError("unfinished: it still has its temporary name")
    content = _content(directory, "run.json")
    with suppress(ValidationError):  # what does not fit at once is looked at more closely
        record = RunRecord.model_validate_json(content)
        if record.schema_version == SCHEMA_VERSION and "schema_version" in record.model_fields_set:
            return record
    raw = _json(content, "run.json")
    version = raw.get("schema_version")
    if not isinstance(version, int) or version < 1:
        raise DamagedRecordError(f"run.json: schema_version must be a whole number from 1 on, got {version!r}")
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"run.json: schema_version {version} is newer than {SCHEMA_VERSION}, the newest this bakeoff reads; "
            "use the bakeoff that wrote it, or a newer one"
        )
    while version < SCHEMA_VERSION:
        if version not in UPGRADES:
            raise DamagedRecordError(f"run.json: no upgrade is known from schema_version {version}")
        raw = UPGRADES[version](raw)
        version += 1
    try:
        return RunRecord.model_validate({**raw, "schema_version": SCHEMA_VERSION})
    except ValidationError as error:
        raise DamagedRecordError(f"run.json: {first_fault(error)}") from error


def _record_directories(root: Path) -> Iterator[Path]:
    with os.scandir(root) as entries:
        found = sorted((entry.name, entry.path) for entry in entries if entry.is_dir())
    for name, path in found:
        if name not in NOT_RECORDS and not os.path.exists(f"{path}/report.html"):
            yield Path(path)


def _content(directory: Path, name: str) -> bytes:
    try:
        with open(f"{directory}/{name}", "rb") as file:  # of tens of thousands, in half the time that Path takes
            return file.read()
    except FileNotFoundError as error:
        raise DamagedRecordError(f"{name} is missing") from error
    except OSError as error:
        raise DamagedRecordError(f"{name} cannot be read: {error}") from error


def _json(content: bytes, name: str) -> Json:
    try:
        raw = from_json(content)  # three times as fast as json.loads
    except ValueError as error:
        raise DamagedRecordError(f"{name} is not readable JSON: {error}") from error
    if not isinstance(raw, dict):
        raise DamagedRecordError(f"{name}: expected a JSON object, got {type(raw).__name__}")
    return raw


def _read_summary(directory: Path, record: RunRecord) -> Summary | None:
    """The job's own summary; None where the job wrote none, as the user's own job does not."""
    if not os.path.exists(f"{directory}/summary.json"):
        return None
    content = _content(directory, "summary.json")
    try:
        return Summary.model_validate_json(content)
    except ValidationError as error:
        if record.status != "ok":  # the run failed, and its summary may well be the reason
            return None
        raise DamagedRecordError(f"summary.json: {first_fault(error)}") from error


def _sharing(record: RunRecord, shared: dict[object, object]) -> RunRecord:
    """The record with its long parts in common with others that say the same: 100 packages and the nodes add up."""
    keys: dict[str, object] = {
        **{name: (name, *getattr(record, name).items()) for name in ("packages", "host", "dataset")},
        **{name: (name, record.lease) for name in ("nodes", "scenario", "isolation")},
    }
    same = {name: shared.setdefault(key, getattr(record, name)) for name, key in keys.items()}
    return record.model_copy(update={name: value for name, value in same.items() if value == getattr(record, name)})
