"""The tables of a record: a Parquet file each, and beside it the same rows as Arrow IPC, which open in a tenth of the time.

Parquet is the record, for any reader; the copy serves whoever loads thousands of records, and is only believed where it names
the size and checksum of the Parquet file beside it (``analysis/decisions/2026-11-26-arrow-tables.md``).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from workloads.record.columns import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column, ColumnType
from workloads.record.model import SCHEMA_VERSION

MEASUREMENTS = "measurements"
NODES = "nodes"
SUFFIX = ".parquet"
COPY = ".arrow"

ARROW_TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
}
_COPY_OF = b"copy_of"
_SHARED = frozenset(column.name for column in (*MEASUREMENT_COLUMNS, *NODE_COLUMNS))


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of documented columns; units and meanings travel as metadata of the fields."""
    return pa.schema(
        [
            pa.field(c.name, ARROW_TYPES[c.arrow_type], metadata={"unit": c.unit, "description": c.description})
            for c in columns
        ]
    )


def write_table(record: Path, name: str, columns: Sequence[Column], rows: list[dict[str, Any]]) -> Path:
    """Write rows as a table of a record, and its copy; a key that a row lacks is null. Returns the Parquet file.

    The copy has no metadata of fields but those of a job's own columns, and no column that came with a later schema version
    and has no value: both take time.

    Raises:
        pyarrow.ArrowInvalid, pyarrow.ArrowTypeError: a value does not have its column's type.
    """
    import pyarrow.parquet as pq  # loading a record does without it

    table = pa.Table.from_pylist(rows, schema=arrow_schema(columns))
    path = record / f"{name}{SUFFIX}"
    # Dictionaries and statistics of so few rows save nothing, and cost a fifth of the time it takes to read the file.
    pq.write_table(table, path, use_dictionary=False, write_statistics=False)
    table = table.select([c.name for c in columns if c.since == 1 or table[c.name].null_count < table.num_rows])
    fields = [field.remove_metadata() if field.name in _SHARED else field for field in table.schema]
    plain = pa.schema(fields, {_COPY_OF: _identity(path.read_bytes())})
    with pa.ipc.new_file(record / f"{name}{COPY}", plain) as file:
        file.write_table(table.cast(plain))
    return path


def read_table(record: Path, name: str) -> pa.Table:
    """A table of a record under the schema of its time: from its copy, else from the Parquet file itself.

    Raises:
        FileNotFoundError: the record has no such Parquet file.
        pyarrow.ArrowException: neither can be read.
    """
    with open(f"{record}/{name}{SUFFIX}", "rb") as file:
        content = file.read()
    with suppress(OSError, pa.ArrowException):
        with open(f"{record}/{name}{COPY}", "rb") as file:
            copy = pa.ipc.open_file(pa.BufferReader(file.read()))
        if (copy.schema.metadata or {}).get(_COPY_OF) == _identity(content):
            table = copy.read_all()
            table.validate(full=True)  # nothing was decoded: an offset may point anywhere
            return table
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)


def own_columns(table: pa.Table) -> tuple[Column, ...]:
    """The columns of a table of measurements that its job has of its own.

    Raises:
        ValueError: one has a type that no column has.
    """
    if _SHARED.issuperset(table.column_names):
        return ()
    kinds = {arrow_type: cast(ColumnType, kind) for kind, arrow_type in ARROW_TYPES.items()}
    columns = []
    for name in table.column_names:
        if name in _SHARED:
            continue
        field = table.schema.field(name)
        if field.type not in kinds:
            raise ValueError(f"column {name} has the type {field.type}, which no column has")
        told = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        unit, description = told.get("unit", ""), told.get("description", "")
        columns.append(Column(name, kinds[field.type], unit, description, since=SCHEMA_VERSION))
    return tuple(columns)


def _identity(parquet: bytes) -> bytes:
    return b"%d bytes, CRC-32 %08x" % (len(parquet), zlib.crc32(parquet))
