"""The Parquet files of records, read in this process or, where there are many, in several at once.

Opening a small Parquet file costs about half a millisecond of CPU, most of it under Python's lock, so that threads do
not help and processes do. Each process reads its share, sends it in portions and ends; none waits for more work, so
that none is left over when this process is killed.
"""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.columns import PANDAS_TYPES
from analysis.errors import DamagedRecordError
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column

if TYPE_CHECKING:
    import pandas as pd

MANY = 400  # records from which on other processes are worth their start, which takes about a second
PORTION = 250  # records that one message carries
SERVE = "from analysis.columnar import serve; serve()"

_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


class Portion(NamedTuple):
    """The rows of some records, each with its ``run`` in the first column, and why others could not be read."""

    measurements: pa.Table
    nodes: pa.Table
    damaged: dict[str, str]  # run -> reason

    def without(self, runs: Iterable[str]) -> Portion:
        """The rows of all other records; itself where it has none of these."""
        left_out = pa.array(list(runs), pa.string())
        there = [pc.is_in(table["run"], left_out) for table in self[:2]]
        if not any(pc.any(of).as_py() for of in there):
            return self
        kept = [table.filter(pc.invert(of)) for table, of in zip(self[:2], there, strict=True)]
        return Portion(kept[0], kept[1], self.damaged)


@contextmanager
def reading(records: Sequence[tuple[str, Path]]) -> Iterator[Callable[[], list[Portion]]]:
    """Read ``measurements.parquet`` and ``nodes.parquet`` of records, given as (run, directory).

    Within, the other processes are at work already; the function that is given waits for them, and returns the
    portions in the order of the records.
    """
    portions = [records[at : at + PORTION] for at in range(0, len(records), PORTION)]
    workers = min(len(os.sched_getaffinity(0)), len(portions), 8)
    if len(records) < MANY or workers < 2:
        yield lambda: [_read_portion(portion) for portion in portions]
        return
    with ExitStack() as ended:
        threads = ended.enter_context(ThreadPoolExecutor(workers))  # joined last, when no reader writes any more
        shares = [list(range(index, len(portions), workers)) for index in range(workers)]
        received = [
            threads.submit(_receive, ended.enter_context(_reader([portions[i] for i in share])), share)
            for share in shares
        ]

        def wait() -> list[Portion]:
            found: dict[int, Portion] = {}
            while received:  # none is kept here: what is read once must be able to go
                found.update(received.pop().result())
            # What is missing is of a process that was killed; its files are still there.
            return [found[i] if i in found else _read_portion(portion) for i, portion in enumerate(portions)]

        yield wait


@contextmanager
def _reader(portions: list[Sequence[tuple[str, Path]]]) -> Iterator[IO[bytes]]:
    """A process that reads these portions; it writes each as what is damaged, pickled, and two streams of Arrow."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    with TemporaryFile() as asked:
        pickle.dump(portions, asked)
        asked.seek(0)
        process = subprocess.Popen([sys.executable, "-c", SERVE], stdin=asked, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()  # it has ended by itself, but for an exception here
        process.wait()
        process.stdout.close()


def serve() -> None:
    """What the other process does: portions to read on standard input, what was read on standard output."""
    with suppress(BrokenPipeError, KeyboardInterrupt):  # whoever asked has gone
        for portion in pickle.load(sys.stdin.buffer):
            found = _read_portion(portion)
            pickle.dump(found.damaged, sys.stdout.buffer)
            for table in found[:2]:
                with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
                    stream.write_table(table)
            sys.stdout.buffer.flush()


def _receive(reader: IO[bytes], share: Sequence[int]) -> dict[int, Portion]:
    """Portions as they come; fewer than the share where the process ends early."""
    found: dict[int, Portion] = {}
    with suppress(EOFError, pickle.UnpicklingError, pa.ArrowException):
        for index in share:
            damaged = pickle.load(reader)
            measurements, nodes = (_owned(pa.ipc.open_stream(reader).read_all()) for _ in range(2))
            found[index] = Portion(measurements, nodes, damaged)
    return found


def _owned(table: pa.Table) -> pa.Table:
    """A copy in memory of Arrow's own: what came through Python is not given back to the system when it is freed."""
    return pa.concat_tables([table, table.schema.empty_table()]).combine_chunks()


def _read_portion(records: Sequence[tuple[str, Path]]) -> Portion:
    damaged: dict[str, str] = {}
    measurements: list[tuple[str, pa.Table]] = []
    nodes: list[tuple[str, pa.Table]] = []
    for run, directory in records:
        try:
            rows = _read(directory / "measurements.parquet", MEASUREMENT_COLUMNS)
            samples = _read(directory / "nodes.parquet", NODE_COLUMNS)
        except DamagedRecordError as error:
            damaged[run] = str(error)
            continue
        measurements.append((run, rows))
        nodes.append((run, samples))
    try:
        return Portion(_joined(measurements, MEASUREMENT_COLUMNS), _joined(nodes, NODE_COLUMNS), damaged)
    except (pa.ArrowException, ValueError):  # a value of another type somewhere: one by one, to find out where
        return _read_one_by_one(measurements, nodes, damaged)


def _read_one_by_one(
    measurements: list[tuple[str, pa.Table]], nodes: list[tuple[str, pa.Table]], damaged: dict[str, str]
) -> Portion:
    whole: tuple[list[pa.Table], list[pa.Table]] = ([], [])
    for (run, rows), (_, samples) in zip(measurements, nodes, strict=True):
        name = "measurements.parquet"
        try:
            fitting = _joined([(run, rows)], MEASUREMENT_COLUMNS)
            name = "nodes.parquet"
            whole[1].append(_joined([(run, samples)], NODE_COLUMNS))
            whole[0].append(fitting)
        except (pa.ArrowException, ValueError) as error:
            damaged[run] = f"{name} cannot be read: {error}"
    return Portion(
        pa.concat_tables([_joined([], MEASUREMENT_COLUMNS), *whole[0]]),
        pa.concat_tables([_joined([], NODE_COLUMNS), *whole[1]]),
        damaged,
    )


def _read(path: Path, columns: tuple[Column, ...]) -> pa.Table:
    """Rows of a Parquet file as they are; none where the file is absent, as nothing was measured.

    Raises:
        DamagedRecordError: it is not Parquet, or lacks a column of the first schema version.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
    except FileNotFoundError:
        return arrow_schema(columns).empty_table()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedRecordError(f"{path.name} cannot be read: {error}") from error
    there = set(table.column_names)
    if lost := [column.name for column in columns if column.since == 1 and column.name not in there]:
        raise DamagedRecordError(f"{path.name} lacks the columns {', '.join(lost)}")
    return table


def _joined(tables: list[tuple[str, pa.Table]], columns: tuple[Column, ...]) -> pa.Table:
    """Tables under each other with ``run`` before exactly ``columns``, those that are alike all at once.

    To fit each small table by itself would cost four times what reading it does. A column that came with a later schema
    version than a file's is null.
    """
    schema = arrow_schema(columns)
    names, counts = [run for run, _ in tables], [table.num_rows for _, table in tables]
    fitted = [schema.empty_table()]
    for _, alike in itertools.groupby((table for _, table in tables), key=lambda table: table.schema.names):
        table = pa.concat_tables(list(alike), promote_options="permissive")
        there = set(table.column_names)
        for column in columns:
            if column.name not in there:
                table = table.append_column(column.name, pa.nulls(table.num_rows, _ARROW[column.arrow_type]))
        fitted.append(table.select(schema.names).cast(schema))
    whole = pa.concat_tables(fitted).combine_chunks()
    return whole.add_column(0, "run", pa.array(np.repeat(np.array(names, dtype=object), counts), pa.string()))


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of documented columns."""
    return pa.schema([(c.name, _ARROW[c.arrow_type]) for c in columns])


def to_frame(tables: list[pa.Table], columns: Sequence[Column]) -> pd.DataFrame:
    """Tables under each other as one frame with pandas' nullable types; the tables are used up.

    Each column is converted and freed before the next, as both forms of thousands of records at once need gigabytes.
    """
    import pandas as pd  # the readers do without it, and start in half the time

    table = pa.concat_tables(tables) if tables else arrow_schema(columns).empty_table()
    tables.clear()
    mapped = {_ARROW[kind]: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items() if kind != "float64"}
    made: dict[str, pd.Series] = {}
    while table.num_columns:
        name, column = table.column_names[0], table.column(0)
        table = table.remove_column(0)
        made[name] = column.to_pandas(types_mapper=mapped.get)
        del column
        pa.default_memory_pool().release_unused()
    return pd.DataFrame(made, copy=False)
