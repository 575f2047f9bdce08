from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from infra.base.errors import RecordError
from infra.records import frames
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column
from workloads.record.columns import header_line
from workloads.record.tables import own_columns, read_table


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
    assert frames.write_measurements(tmp_path / "none.jsonl", tmp_path) == []
    assert pq.read_table(tmp_path / "measurements.parquet").column_names == [c.name for c in MEASUREMENT_COLUMNS]


def test_a_column_of_the_jobs_own_is_kept_with_its_unit(tmp_path: Path) -> None:
    own = Column("rows_per_s", "float64", "rows/s", "rows / duration_s")
    source = lines(
        tmp_path / "m.jsonl", [json.loads(header_line([own])), {"images": 1, "rows_per_s": 3}, {"images": 2}]
    )
    assert frames.write_measurements(source, tmp_path) == []
    field = pq.read_schema(tmp_path / "measurements.parquet").field("rows_per_s")
    assert (field.metadata[b"unit"], field.metadata[b"description"]) == (b"rows/s", b"rows / duration_s")
    for table in (read_table(tmp_path, "measurements"), pq.read_table(tmp_path / "measurements.parquet")):
        assert table["rows_per_s"].to_pylist() == [3.0, None]
        assert [column[:4] for column in own_columns(table)] == [own[:4]]


def test_a_column_that_is_described_nowhere_is_kept_and_said_to_have_no_unit(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"speed": 1, "name": "a", "good": True}, {"speed": 0.5, "name": None}]
    missing = frames.write_measurements(lines(tmp_path / "m.jsonl", rows), tmp_path)
    assert missing == [
        f"no unit of the measurement {name}: the job did not describe this column" for name in ("good", "name", "speed")
    ]
    found = {column.name: column.arrow_type for column in own_columns(read_table(tmp_path, "measurements"))}
    assert found == {"good": "bool", "name": "string", "speed": "float64"}


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ([{"name": "images", "type": "int64", "unit": ""}], "needs a name that no other has; received images"),
        ([{"name": "run", "type": "int64", "unit": ""}], "received run"),
        ([{"name": "a", "type": "int64", "unit": ""}] * 2, "received a"),
        ([{"name": "a", "type": "decimal", "unit": ""}], "the type of a must be one of string, int64, float64, bool"),
        ([{"name": "a", "type": "int64"}], "described by name, type and unit"),
        (["a"], "described by name, type and unit"),
    ],
)
def test_a_wrong_description_of_columns_is_refused(tmp_path: Path, header: list[object], says: str) -> None:
    with pytest.raises(RecordError, match=says):
        frames.write_measurements(lines(tmp_path / "m.jsonl", [{"columns": header}]), tmp_path)


def test_wrong_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="column speed has values of the types int, str"):
        frames.write_measurements(lines(tmp_path / "m.jsonl", [{"speed": 1}, {"speed": "fast"}]), tmp_path)
    with pytest.raises(RecordError, match="wrong type"):
        frames.write_measurements(lines(tmp_path / "m.jsonl", [{"images": "many"}]), tmp_path)
