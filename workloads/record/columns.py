"""The columns of the tables of a record, with their units.

A job may measure more than :data:`MEASUREMENT_COLUMNS`: the first line of its ``measurements.jsonl`` then describes its own
columns, as :func:`header_line` writes it, and the Parquet file keeps their units as metadata of the fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

ColumnType = Literal["string", "int64", "float64", "bool"]
HEADER = "columns"


class Column(NamedTuple):
    """One column of a frame: its Arrow type, its unit, and what it means."""

    name: str
    arrow_type: ColumnType
    unit: str
    description: str
    since: int = 1  # schema version that brought it; older files lack it, and it reads as null


MEASUREMENT_COLUMNS: tuple[Column, ...] = (
    Column("operation", "string", "", "what was timed: read, grid, write, stage, train, validate, stream or serve"),
    Column("format", "string", "", "image (one object per image) or tfrecord"),
    Column("source", "string", "", "bucket (object store) or staged (the node's own disk)"),
    Column("cache", "string", "", "cold (evicted just before), warm (read just before) or unknown"),
    Column("batch_size", "int64", "images", "images per batch"),
    Column("batch_count", "int64", "batches", "batches read in one repetition"),
    Column("repetition", "int64", "", "index of the repetition within the cell, from 0"),
    Column("started_at", "float64", "unix s", "when the timed part began"),
    Column("duration_s", "float64", "s", "length of the timed part"),
    Column("images", "int64", "images", "images that came out"),
    Column("images_rejected", "int64", "images", "images refused, each named in the summary"),
    Column("bytes_read", "int64", "bytes", "payload bytes read"),
    Column("bytes_written", "int64", "bytes", "payload bytes written"),
    Column("images_per_s", "float64", "images/s", "images / duration_s"),
    Column(
        "device_bytes",
        "int64",
        "bytes",
        "bytes that disk (staged) or network (bucket) delivered meanwhile, by the kernel's counters",
        since=2,
    ),
    Column("node", "string", "", "address of the node that did the work, where it was spread over a cluster", since=2),
    # Of training, streaming and serving; null elsewhere.
    Column("epoch", "int64", "", "passes over the training images so far, this one included: from 1", since=2),
    Column("split", "string", "", "train or validation", since=2),
    Column("loss", "float64", "1", "mean cross-entropy per image, natural logarithm", since=2),
    Column("accuracy", "float64", "1", "share of images whose class was predicted", since=2),
    Column("learning_rate", "float64", "1", "of the last update of the epoch", since=2),
    Column("updates", "int64", "updates", "updates of the weights so far, since training began", since=2),
    Column(
        "input_wait_ratio",
        "float64",
        "1",
        "share of the steps' time spent waiting for input; the worst worker",
        since=2,
    ),
    Column("offered_rate_s", "float64", "1/s", "arrivals per second that the load was set to", since=2),
    Column("achieved_rate_s", "float64", "1/s", "arrivals answered per second", since=2),
    Column("latency_p50_s", "float64", "s", "median from an arrival's due time to its answer", since=2),
    Column("latency_p95_s", "float64", "s", "95th percentile of the same", since=2),
    Column("latency_p99_s", "float64", "s", "99th percentile of the same", since=2),
    Column("sustained", "bool", "", "the offered rate was kept up with, and the latency goal met", since=2),
)

NODE_COLUMNS: tuple[Column, ...] = (
    Column("ts", "float64", "unix s", "end of the sampled interval"),
    Column("node", "string", "", "name of the node: m, w-0, w-1, ..."),
    Column("role", "string", "", "master, worker or single"),
    Column("cpu_cores", "float64", "host cores", "CPU time used per second of wall time"),
    Column("cpu_ratio", "float64", "1", "cpu_cores / the node's CPU limit (null without a limit)"),
    Column("cpu_throttled_ratio", "float64", "1", "share of scheduler periods in which the node hit its CPU limit"),
    Column("mem_bytes", "float64", "bytes", "memory in use, page cache left out"),
    Column("net_rx_packets_s", "float64", "packets/s", "packets received"),
    Column("net_tx_packets_s", "float64", "packets/s", "packets sent"),
    Column("net_rx_bytes_s", "float64", "bytes/s", "bytes received"),
    Column("net_tx_bytes_s", "float64", "bytes/s", "bytes sent"),
    Column("disk_read_ops_s", "float64", "operations/s", "disk reads"),
    Column("disk_write_ops_s", "float64", "operations/s", "disk writes"),
    Column("disk_read_bytes_s", "float64", "bytes/s", "bytes read from disk"),
    Column("disk_write_bytes_s", "float64", "bytes/s", "bytes written to disk"),
)


def header_line(columns: Sequence[Column]) -> str:
    """The line of ``measurements.jsonl`` that describes a job's own columns."""
    described = [{"name": c.name, "type": c.arrow_type, "unit": c.unit, "description": c.description} for c in columns]
    return json.dumps({HEADER: described}) + "\n"


def read_header(line: Mapping[str, Any]) -> tuple[Column, ...] | None:
    """The columns that a line of ``measurements.jsonl`` describes; None: it is a measurement.

    Raises:
        ValueError: a column is not described as :func:`header_line` does, or has the name of a column that all jobs share.
    """
    if set(line) != {HEADER}:
        return None
    columns = []
    for described in line[HEADER]:
        try:
            name, kind, unit = described["name"], described["type"], described["unit"]
        except (TypeError, KeyError) as error:
            raise ValueError(f"a column is described by name, type and unit; received {described!r}") from error
        if kind not in get_args(ColumnType):
            raise ValueError(f"the type of {name} must be one of {', '.join(get_args(ColumnType))}; received {kind!r}")
        columns.append(Column(str(name), cast(ColumnType, kind), str(unit), str(described.get("description", ""))))
    return check_own(columns)


def check_own(columns: Sequence[Column]) -> tuple[Column, ...]:
    """A job's own columns as they are. Raises ValueError for a name that is taken, or twice among them."""
    names = [column.name for column in columns]
    taken = {column.name for column in MEASUREMENT_COLUMNS} | {"run"}
    if wrong := sorted(name for name in set(names) if name in taken or names.count(name) > 1):
        raise ValueError(f"a column of a job's own needs a name that no other has; received {', '.join(wrong)}")
    return tuple(columns)
