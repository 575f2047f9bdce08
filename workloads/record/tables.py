"""The tables of a record: one Arrow IPC file each, or a Parquet file in records before schema version 3.

Arrow's own format has nothing to decode: a file of forty seconds of five nodes opens in a tenth of the time that Parquet takes
(``analysis/decisions/2026-11-26-arrow-tables.md``). Units travel as metadata of the fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from workloads.record.columns import Column

MEASUREMENTS = "measurements"
NODES = "nodes"
SUFFIX = ".arrow"
BEFORE_3 = ".parquet"

ARROW_TYPES = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of documented columns."""
    return pa.schema([pa.field(c.name, ARROW_TYPES[c.arrow_type], metadata={"unit": c.unit}) for c in columns])


def write_table(record: Path, name: str, columns: Sequence[Column], rows: list[dict[str, Any]]) -> Path:
    """Write rows as a table of a record; a key that a row lacks is null.

    A column that came with a later schema version is left out where it has no value, as it is absent from older files.

    Raises:
        pyarrow.ArrowInvalid, pyarrow.ArrowTypeError: a value does not have its column's type.
    """
    table = pa.Table.from_pylist(rows, schema=arrow_schema(columns))
    table = table.select([c.name for c in columns if c.since == 1 or table[c.name].null_count < table.num_rows])
    path = record / f"{name}{SUFFIX}"
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    return path


def read_table(record: Path, name: str) -> pa.Table:
    """A table of a record as it was written, under the schema of its time.

    Raises:
        FileNotFoundError: the record has none.
        pyarrow.ArrowException: its file is damaged; the message names it.
    """
    try:
        with open(f"{record}/{name}{SUFFIX}", "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return _read_parquet(record / f"{name}{BEFORE_3}")
    table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
    table.validate(full=True)  # nothing was decoded: an offset may point anywhere
    return table


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq  # only for older records

    return pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
