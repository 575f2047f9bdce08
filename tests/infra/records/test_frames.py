from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from infra.base.errors import RecordError
from infra.records import frames
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS


def lines(path: Path, rows: list[dict[str, object]], tail: str = "") -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows) + tail)
    return path


def test_nodes_within_the_attempt_with_units_and_nulls(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"ts": t, "node": n, "role": "worker", "cpu_cores": 0.5, "net_rx_packets_s": None}
        for t in (9.0, 10.5, 11.5, 14.0)
        for n in ("w-0", "w-1")
    ]
    source = lines(tmp_path / "n.jsonl", rows, tail='{"ts": 12')
    counts = frames.write_nodes(source, tmp_path, 10.0, 12.0)
    assert counts == {"w-0": 2, "w-1": 2}
    table = pq.read_table(tmp_path / "nodes.parquet")
    assert table.column_names == [c.name for c in NODE_COLUMNS]
    assert table["net_rx_packets_s"].null_count == 4
    missing = frames.missing_metrics(tmp_path, "this host has no such counter, see isolation")
    assert any(line.startswith("no net_rx_packets_s:") for line in missing)
    assert not any("cpu_cores" in line for line in missing)
    assert table.schema.field("cpu_cores").metadata[b"unit"] == b"host cores"


def test_no_lines_give_an_empty_frame_not_zeros(tmp_path: Path) -> None:
    assert frames.write_nodes(tmp_path / "none.jsonl", tmp_path, 0, 1) == {}
    assert pq.read_table(tmp_path / "nodes.parquet").num_rows == 0
    assert frames.write_measurements(tmp_path / "none.jsonl", tmp_path) == 0
    assert pq.read_table(tmp_path / "measurements.parquet").column_names == [c.name for c in MEASUREMENT_COLUMNS]


def test_unknown_columns_and_wrong_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="speed"):
        frames.write_measurements(lines(tmp_path / "m.jsonl", [{"speed": 1}]), tmp_path)
    with pytest.raises(RecordError, match="wrong type"):
        frames.write_measurements(lines(tmp_path / "m.jsonl", [{"images": "many"}]), tmp_path)
