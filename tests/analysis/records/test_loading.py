"""Loading many records: in portions the same as at once, damaged ones by name, within memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.records import columnar
from analysis.records.columns import PANDAS_TYPES, RUN_MEASUREMENT_COLUMNS, RUN_NODE_COLUMNS
from analysis.records.runs import load
from tests.bench.bench_loading import loading_cost, write_records
from tests.support.analysis import factory
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column
from workloads.record.columns import ColumnType
from workloads.record.tables import write_table


def damage(root: Path) -> None:
    """Four records that cannot be read, each for a reason of its own, among many that can."""
    whole = (root / "c00007" / "nodes.parquet").read_bytes()
    (root / "c00007" / "nodes.parquet").write_bytes(whole[: len(whole) // 2])
    (root / "c00011" / "run.json").write_text("{")
    (root / "c00013" / "measurements.parquet").unlink()
    (root / "c00017" / "summary.json").write_text(json.dumps({"workload": "read_speed"}))


def test_portions_together_hold_every_record_but_the_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_records(tmp_path, 30)
    damage(tmp_path / "many")
    at_once = load(tmp_path, "many")
    monkeypatch.setattr(columnar, "PORTION", 4)
    portions = load(tmp_path, "many")
    assert [d.run for d in portions.damaged] == ["many/c00007", "many/c00011", "many/c00013", "many/c00017"]
    assert portions.damaged == at_once.damaged
    assert list(portions.records) == list(at_once.records)
    for name in ("runs", "measurements", "nodes"):
        pd.testing.assert_frame_equal(getattr(portions, name), getattr(at_once, name))
    assert len(portions.measurements) == 54 * 26
    assert list(portions.measurements["run"].unique()) == list(portions.records)


@pytest.mark.slow
def test_ten_thousand_records_take_seconds_and_less_than_a_gigabyte(tmp_path: Path) -> None:
    write_records(tmp_path, 10_000)
    damage(tmp_path / "many")
    found = loading_cost(tmp_path)
    assert (found["records"], found["damaged"]) == (9_996, 4)
    assert found["samples"] == 9_996 * 200
    assert found["peak_mb"] < 1000
    assert found["cpu_s"] < 60  # about 9; seconds of a clock would depend on who else is at work


VALUES = {
    "string": st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8),
    "int64": st.none() | st.integers(-(2**62), 2**62),
    "float64": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.none() | st.booleans(),
}


def rows_of(columns: tuple[Column, ...]) -> st.SearchStrategy[list[dict[str, object]]]:
    return st.lists(st.fixed_dictionaries({c.name: VALUES[c.arrow_type] for c in columns}), max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    records=st.lists(st.tuples(rows_of(MEASUREMENT_COLUMNS), rows_of(NODE_COLUMNS)), min_size=1, max_size=3),
    old=st.booleans(),
)
def test_what_was_written_is_what_is_read_and_null_stays_null(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[tuple[list[dict[str, object]], list[dict[str, object]]]],
    old: bool,
) -> None:
    """Any rows, also of Parquet files from before columns were added, come back under their types."""
    root = tmp_path_factory.mktemp("any")
    known = [tuple(c for c in columns if c.since == 1 or not old) for columns in (MEASUREMENT_COLUMNS, NODE_COLUMNS)]
    for index, (measurements, nodes) in enumerate(records):
        directory = factory.write(root, factory.run_json(cell=f"c{index}", schema_version=1 if old else 2))
        for name, columns, rows in zip(("measurements", "nodes"), known, (measurements, nodes), strict=True):
            names = {c.name for c in columns}
            kept = [{k: v for k, v in row.items() if k in names} for row in rows]
            write_table(directory, name, columns, kept)
            if old:
                (directory / f"{name}.arrow").unlink()
    runs = load(root, "demo")
    assert runs.damaged == []
    for frame, documented, part in (
        (runs.measurements, RUN_MEASUREMENT_COLUMNS, 0),
        (runs.nodes, RUN_NODE_COLUMNS, 1),
    ):
        assert [(c, str(frame[c].dtype)) for c in frame.columns] == [
            (c.name, PANDAS_TYPES[c.arrow_type]) for c in documented
        ]
        written = [(f"demo/c{i}", row) for i, parts in enumerate(records) for row in parts[part]]
        assert len(frame) == len(written)
        for (run, row), read in zip(written, frame.to_dict("records"), strict=True):
            assert read["run"] == run
            for column in documented[1:]:
                value = row[column.name] if column in known[part] else None
                assert pd.isna(read[column.name]) if value is None else read[column.name] == value


def own(unit: str = "rows/s", kind: ColumnType = "float64") -> tuple[Column, ...]:
    return (*MEASUREMENT_COLUMNS, Column("rows_per_s", kind, unit, "rows / duration_s"))


@pytest.mark.parametrize("copies", [True, False])
def test_columns_of_single_workloads_reach_the_frames_with_their_units(tmp_path: Path, copies: bool) -> None:
    tables: list[list[dict[str, Any]]] = [[{"images": 1}], [{"rows_per_s": 2.5}], [{"images": 3}]]
    for index, rows in enumerate(tables):
        directory = factory.write(tmp_path, factory.run_json(cell=f"c{index}"), measurements=rows)
        if index == 1:
            write_table(directory, "measurements", own(), rows)
        if not copies:
            (directory / "measurements.arrow").unlink()
    runs = load(tmp_path, "demo")
    assert [(column.name, column.unit) for column in runs.own_columns] == [("rows_per_s", "rows/s")]
    assert runs.measurements["rows_per_s"].isna().tolist() == [True, False, True]
    assert runs.measurements["rows_per_s"].iloc[1] == 2.5
    assert runs.measurements["images"].tolist() == [1, pd.NA, 3]


def test_portions_with_and_without_a_column_of_their_own_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "PORTION", 1)
    factory.write(tmp_path, factory.run_json(cell="c0"), measurements=[{"images": 1}])
    directory = factory.write(tmp_path, factory.run_json(cell="c1"))
    write_table(directory, "measurements", own(), [{"rows_per_s": 2.5}])
    factory.write(tmp_path, factory.run_json(cell="c2"), measurements=[{"images": 3}])
    assert load(tmp_path, "demo").measurements["rows_per_s"].isna().tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (own("rows/min"), "float64 in 'rows/min', and in an earlier record float64 in 'rows/s'"),
        (own(kind="int64"), "int64 in"),
    ],
)
def test_values_in_another_unit_do_not_stand_beside_each_other(
    tmp_path: Path, columns: tuple[Column, ...], says: str
) -> None:
    for index, known in enumerate((own(), columns)):
        directory = factory.write(tmp_path, factory.run_json(cell=f"c{index}"))
        write_table(directory, "measurements", known, [{"rows_per_s": 2}])
    runs = load(tmp_path, "demo")
    ((run, reason),) = runs.damaged
    assert (run, list(runs.records)) == ("demo/c1", ["demo/c0"])
    assert says in reason
