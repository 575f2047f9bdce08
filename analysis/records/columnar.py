"""The tables of records, read one after the other and put together by portions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import DamagedRecordError
from analysis.records.columns import PANDAS_TYPES
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column
from workloads.record.tables import ARROW_TYPES, MEASUREMENTS, NODES, own_columns, read_table

PORTION = 250  # records that are put together at once


class Read(NamedTuple):
    """The rows of records, each with its ``run`` in the first column, and why other records could not be read."""

    measurements: list[pa.Table]
    nodes: list[pa.Table]
    damaged: dict[str, str]  # run -> reason
    own: dict[str, Column]  # columns that measurements have besides those that all share, by name


def read_tables(records: Sequence[tuple[str, Path]]) -> Read:
    """Read measurements and node samples of records, given as (run, directory), in their order."""
    found = Read([], [], {}, {})
    for at in range(0, len(records), PORTION):
        _read_portion(records[at : at + PORTION], found)
    return found


def _read_portion(records: Sequence[tuple[str, Path]], found: Read) -> None:
    measurements: list[tuple[str, pa.Table]] = []
    nodes: list[tuple[str, pa.Table]] = []
    for run, directory in records:
        try:
            rows, samples = _read(directory, MEASUREMENTS), _read(directory, NODES)
            _declare(rows, found.own)
        except DamagedRecordError as error:
            found.damaged[run] = str(error)
            continue
        measurements.append((run, rows))
        nodes.append((run, samples))
    try:
        columns = (*MEASUREMENT_COLUMNS, *found.own.values())
        both = _joined(measurements, columns), _joined(nodes, NODE_COLUMNS)
    except (pa.ArrowException, ValueError):  # a value of another type somewhere: one by one, to find out where
        _join_one_by_one(measurements, nodes, found)
        return
    found.measurements.append(both[0])
    found.nodes.append(both[1])


def _join_one_by_one(measurements: list[tuple[str, pa.Table]], nodes: list[tuple[str, pa.Table]], found: Read) -> None:
    for (run, rows), (_, samples) in zip(measurements, nodes, strict=True):
        name = MEASUREMENTS
        try:
            fitting = _joined([(run, rows)], (*MEASUREMENT_COLUMNS, *found.own.values()))
            name = NODES
            found.nodes.append(_joined([(run, samples)], NODE_COLUMNS))
            found.measurements.append(fitting)
        except (pa.ArrowException, ValueError) as error:
            found.damaged[run] = f"{name} cannot be read: {error}"


def _read(directory: Path, name: str) -> pa.Table:
    """Rows of a table as they are.

    Raises:
        DamagedRecordError: its file is missing or damaged.
    """
    try:
        return read_table(directory, name)
    except FileNotFoundError as error:
        raise DamagedRecordError(f"{name}: the file is missing") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedRecordError(f"{name} cannot be read: {error}") from error


def _declare(rows: pa.Table, own: dict[str, Column]) -> None:
    """Take in the columns that a record has of its own.

    Raises:
        DamagedRecordError: one has another type or unit than in an earlier record, so that its values cannot stand beside those.
    """
    try:
        declared = own_columns(rows)
    except ValueError as error:
        raise DamagedRecordError(f"{MEASUREMENTS} cannot be read: {error}") from error
    for column in declared:
        earlier = own.get(column.name, column)
        if (earlier.arrow_type, earlier.unit) != (column.arrow_type, column.unit):
            raise DamagedRecordError(
                f"{MEASUREMENTS}: {column.name} is {column.arrow_type} in '{column.unit}', and in an earlier record "
                f"{earlier.arrow_type} in '{earlier.unit}'; rename one of them in its job"
            )
    own.update({column.name: column for column in declared if column.name not in own})


def _joined(tables: list[tuple[str, pa.Table]], columns: tuple[Column, ...]) -> pa.Table:
    """Tables under each other with ``run`` before exactly ``columns``, those that are alike all at once.

    To fit each small table by itself would cost more than to read it. A column that came with a later schema version
    is null where a file lacks it.

    Raises:
        ValueError, pyarrow.ArrowException: a file lacks another column, or has one of another type.
    """
    schema = _schema(columns)
    fitted = [schema.empty_table()]
    for _, alike in itertools.groupby((table for _, table in tables), key=lambda table: table.schema):
        table = pa.concat_tables(list(alike)).combine_chunks()
        there = set(table.column_names)
        if lost := [column.name for column in columns if column.since == 1 and column.name not in there]:
            raise ValueError(f"it lacks the columns {', '.join(lost)}")
        for column in columns:
            if column.name not in there:
                table = table.append_column(column.name, pa.nulls(table.num_rows, ARROW_TYPES[column.arrow_type]))
        fitted.append(table.select(schema.names).cast(schema))
    whole = pa.concat_tables(fitted)
    if len(fitted) > 2:
        whole = whole.combine_chunks()
    rows = np.repeat(np.arange(len(tables)), [table.num_rows for _, table in tables])
    return whole.add_column(0, "run", pa.array([run for run, _ in tables], pa.string()).take(pa.array(rows)))


@cache
def _schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Without the metadata of the fields, which frames do not have."""
    return pa.schema([(column.name, ARROW_TYPES[column.arrow_type]) for column in columns])


def to_frame(tables: list[pa.Table], columns: tuple[Column, ...]) -> pd.DataFrame:
    """Tables under each other as one frame with pandas' nullable types; the tables are used up.

    Each column is converted and freed before the next, as both forms of thousands of records at once need gigabytes.
    """
    table = pa.concat_tables(tables, promote_options="default") if tables else _schema(columns).empty_table()
    tables.clear()
    mapped = {
        ARROW_TYPES[kind]: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_TYPES.items() if kind != "float64"
    }
    made: dict[str, pd.Series] = {}
    while table.num_columns:
        name, column = table.column_names[0], table.column(0)
        table = table.remove_column(0)
        made[name] = column.to_pandas(types_mapper=mapped.get)
        del column
        pa.default_memory_pool().release_unused()
    return pd.DataFrame(made, copy=False)
