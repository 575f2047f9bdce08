"""Loading many records: in several processes the same as in one, damaged ones by name, within memory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import columnar
from analysis.columns import PANDAS_TYPES, RUN_MEASUREMENT_COLUMNS, RUN_NODE_COLUMNS
from analysis.runs import load
from tests.analysis import factory
from tests.bench.bench_loading import measure, write_records
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column


def damage(root: Path) -> None:
    """Three records that cannot be read, each for a reason of its own, among many that can."""
    (root / "c00007" / "nodes.parquet").write_bytes(b"PAR1 cut off")
    (root / "c00011" / "run.json").write_text("{")
    (root / "c00013" / "measurements.parquet").unlink()  # a job that measured nothing: no damage
    (root / "c00017" / "summary.json").write_text(json.dumps({"workload": "read_speed"}))


def test_several_processes_read_what_one_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_records(tmp_path, 30)
    damage(tmp_path / "many")
    alone = load(tmp_path, "many")
    monkeypatch.setattr(columnar, "MANY", 1)
    monkeypatch.setattr(columnar, "PORTION", 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2})
    started: list[int] = []
    reader = columnar._reader

    def counted(portions: list[Any]) -> Any:
        started.append(len(portions))
        return reader(portions)

    monkeypatch.setattr(columnar, "_reader", counted)
    together = load(tmp_path, "many")
    assert started == [3, 3, 2]
    assert [d.run for d in together.damaged] == ["many/c00007", "many/c00011", "many/c00017"]
    assert together.damaged == alone.damaged
    assert list(together.records) == list(alone.records)
    for name in ("runs", "measurements", "nodes"):
        pd.testing.assert_frame_equal(getattr(together, name), getattr(alone, name))
    assert len(together.measurements) == 54 * 26


def test_a_reader_that_is_killed_costs_time_and_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_records(tmp_path, 12)
    monkeypatch.setattr(columnar, "MANY", 1)
    monkeypatch.setattr(columnar, "PORTION", 4)
    monkeypatch.setattr(columnar, "SERVE", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert len(load(tmp_path, "many").records) == 12


@pytest.mark.slow
def test_ten_thousand_records_fit_in_a_gigabyte(tmp_path: Path) -> None:
    write_records(tmp_path, 10_000)
    damage(tmp_path / "many")
    found = measure(tmp_path)
    assert (found["records"], found["damaged"]) == (9_997, 3)
    assert found["samples"] == 9_997 * 200
    assert found["peak_mb"] < 1000


VALUES = {
    "string": st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8),
    "int64": st.none() | st.integers(-(2**62), 2**62),
    "float64": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.none() | st.booleans(),
}


def rows_of(columns: tuple[Column, ...]) -> st.SearchStrategy[list[dict[str, object]]]:
    return st.lists(st.fixed_dictionaries({c.name: VALUES[c.arrow_type] for c in columns}), max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(st.tuples(rows_of(MEASUREMENT_COLUMNS), rows_of(NODE_COLUMNS)), min_size=1, max_size=3),
    old=st.booleans(),
)
def test_what_was_written_is_what_is_read_and_null_stays_null(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[tuple[list[dict[str, object]], list[dict[str, object]]]],
    old: bool,
) -> None:
    """Any rows, also of files that were written before columns were added, come back under their types."""
    root = tmp_path_factory.mktemp("any")
    known = [tuple(c for c in columns if c.since == 1 or not old) for columns in (MEASUREMENT_COLUMNS, NODE_COLUMNS)]
    for index, (measurements, nodes) in enumerate(records):
        directory = factory.write(root, factory.run_json(cell=f"c{index}"))
        for name, columns, rows in zip(("measurements", "nodes"), known, (measurements, nodes), strict=True):
            names = {c.name for c in columns}
            kept = [{k: v for k, v in row.items() if k in names} for row in rows]
            factory.write_table(directory / f"{name}.parquet", columns, kept)
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
