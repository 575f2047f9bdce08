"""Read a record's ``run.json`` for whoever works on records: :func:`analysis.records.runs.read_record`, with the cure."""

from __future__ import annotations

from pathlib import Path

from infra.base.errors import RecordError
from workloads.record import RunRecord


def read_record(directory: Path) -> RunRecord:
    """The ``run.json`` of one record, of this schema version or any older one.

    Raises:
        RecordError: it is damaged, or of a newer schema; the message names the folder and what to do.
    """
    from analysis.errors import DamagedRecordError, NewerSchemaError
    from analysis.records import runs  # pandas: only who reads records waits for it

    try:
        return runs.read_record(directory)
    except NewerSchemaError as error:
        raise RecordError(f"The record {directory} was made by a newer bakeoff: {error}.") from error
    except DamagedRecordError as error:
        raise RecordError(f"The record {directory} is damaged: move it away to measure anew. {error}") from error
