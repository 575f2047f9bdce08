"""The Parquet files of records, read one by one or, where there are many, in several processes at once.

Opening a small Parquet file costs about half a millisecond of CPU, most of it under Python's lock, so that threads do
not help and processes do. Each process reads its share, sends it in portions and ends; none waits for more work, so
that none is left over when this process is killed.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.columns import PANDAS_TYPES
from analysis.errors import DamagedRecordError
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column

MANY = 400  # records from which on other processes are worth their start, which takes about a second
PORTION = 250  # records that one message carries
SERVE = "from analysis.columnar import serve; serve()"

_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


class Portion(NamedTuple):
    """The rows of some records, each with its ``run`` in the first column, and why others could not be read."""

    measurements: pa.Table
    nodes: pa.Table
    damaged: dict[str, str]  # run -> reason


def read_tables(records: Sequence[tuple[str, Path]]) -> list[Portion]:
    """``measurements.parquet`` and ``nodes.parquet`` of records, given as (run, directory), in that order."""
    portions = [records[at : at + PORTION] for at in range(0, len(records), PORTION)]
    workers = min(len(os.sched_getaffinity(0)), len(portions), 8)
    if len(records) < MANY or workers < 2:
        return [_read_portion(portion) for portion in portions]
    return _read_in_processes(portions, workers)


def _read_in_processes(portions: list[Sequence[tuple[str, Path]]], workers: int) -> list[Portion]:
    shares = [range(index, len(portions), workers) for index in range(workers)]
    found: dict[int, Portion] = {}
    with ExitStack() as ended:
        readers = [ended.enter_context(_reader([portions[i] for i in share])) for share in shares]
        for turn in range(max(len(share) for share in shares)):
            for share, reader in zip(shares, readers, strict=True):
                if turn < len(share):
                    found[share[turn]] = _receive(reader, portions[share[turn]])
    return [found[index] for index in range(len(portions))]


@contextmanager
def _reader(portions: list[Sequence[tuple[str, Path]]]) -> Iterator[IO[bytes]]:
    """A process that reads these portions; what it writes is a pickled :class:`Portion` for each."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    with TemporaryFile() as asked:
        pickle.dump(portions, asked)
        asked.seek(0)
        process = subprocess.Popen([sys.executable, "-c", SERVE], stdin=asked, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.stdout.close()
        process.kill()  # it has ended by itself, but for an exception here
        process.wait()


def serve() -> None:
    """What the other process does: portions to read on standard input, what was read on standard output."""
    with suppress(BrokenPipeError, KeyboardInterrupt):  # whoever asked has gone
        for portion in pickle.load(sys.stdin.buffer):
            pickle.dump(_read_portion(portion), sys.stdout.buffer, protocol=5)
            sys.stdout.buffer.flush()


def _receive(reader: IO[bytes], portion: Sequence[tuple[str, Path]]) -> Portion:
    try:
        received: Portion = pickle.load(reader)
    except (EOFError, pickle.UnpicklingError):  # that process was killed; the files are still there
        return _read_portion(portion)
    return received


def _read_portion(records: Sequence[tuple[str, Path]]) -> Portion:
    measurements, nodes, damaged = [], [], {}
    for run, directory in records:
        try:
            rows = read_table(directory / "measurements.parquet", MEASUREMENT_COLUMNS)
            samples = read_table(directory / "nodes.parquet", NODE_COLUMNS)
        except DamagedRecordError as error:
            damaged[run] = str(error)
            continue
        measurements.append(_with_run(rows, run))
        nodes.append(_with_run(samples, run))
    return Portion(_joined(measurements, MEASUREMENT_COLUMNS), _joined(nodes, NODE_COLUMNS), damaged)


def read_table(path: Path, columns: tuple[Column, ...]) -> pa.Table:
    """Rows of a Parquet file with exactly ``columns``; none where the file is absent, as nothing was measured.

    A column that came with a later schema version than the file's is null.

    Raises:
        DamagedRecordError: it is not Parquet, lacks a column of the first version, or holds one of another type.
    """
    schema = arrow_schema(columns)
    try:
        buffer = pa.BufferReader(path.read_bytes())
        table = pq.ParquetFile(buffer).read(use_threads=False)
        absent = [column for column in columns if column.name not in table.column_names]
        if lost := [column.name for column in absent if column.since == 1]:
            raise DamagedRecordError(f"{path.name} lacks the columns {', '.join(lost)}")
        for column in absent:
            table = table.append_column(column.name, pa.nulls(table.num_rows, _ARROW[column.arrow_type]))
        return table.select(schema.names).cast(schema)
    except FileNotFoundError:
        return schema.empty_table()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedRecordError(f"{path.name} cannot be read: {error}") from error


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of documented columns."""
    return pa.schema([(c.name, _ARROW[c.arrow_type]) for c in columns])


def to_frame(tables: list[pa.Table], columns: Sequence[Column]) -> pd.DataFrame:
    """Tables under each other as one frame with pandas' nullable types; the tables are used up.

    Each column is converted and freed before the next, as both forms of thousands of records at once need gigabytes.
    """
    table = pa.concat_tables(tables) if tables else arrow_schema(columns).empty_table()
    tables.clear()
    mapped = {_ARROW[kind]: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items() if kind != "float64"}
    frame: pd.DataFrame = table.to_pandas(types_mapper=mapped.get, split_blocks=True, self_destruct=True)
    del table
    pa.default_memory_pool().release_unused()
    return frame


def _with_run(table: pa.Table, run: str) -> pa.Table:
    return table.add_column(0, "run", pa.repeat(pa.scalar(run, pa.string()), table.num_rows))


def _joined(tables: list[pa.Table], columns: Sequence[Column]) -> pa.Table:
    empty = arrow_schema([Column("run", "string", "", ""), *columns]).empty_table()
    return pa.concat_tables([empty, *tables]).combine_chunks()
