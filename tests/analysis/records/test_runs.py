"""Loading of records: whole ones into typed frames, damaged ones by name."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pandas as pd
import pytest

from analysis.errors import NewerSchemaError, NoRecordsError
from analysis.records import runs as loading
from analysis.records.columns import PANDAS_TYPES, RUN_COLUMNS, RUN_MEASUREMENT_COLUMNS, RUN_NODE_COLUMNS
from tests.support.analysis import factory
from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, SCHEMA_VERSION
from workloads.record.tables import MEASUREMENTS, NODES, write_table


def test_frames_have_the_documented_columns_and_types(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    runs = loading.load(tmp_path, "demo")
    for frame, columns in (
        (runs.runs, RUN_COLUMNS),
        (runs.measurements, RUN_MEASUREMENT_COLUMNS),
        (runs.nodes, RUN_NODE_COLUMNS),
    ):
        assert list(frame.columns) == [c.name for c in columns]
        for column in columns:
            assert str(frame[column.name].dtype) == PANDAS_TYPES[column.arrow_type], column.name
    assert len(runs.runs) == 4
    assert runs.damaged == []
    row = runs.runs.set_index("run").loc["demo/four-small-ssd-write_tfrecords-0"]
    assert row["run_s"] == 40.0
    assert row["vcpus"] == 10
    assert row["actual_cores"] == pytest.approx(1.5)


def test_same_columns_without_any_measurement(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run_json(workload="job"))
    runs = loading.load(tmp_path, "demo")
    assert len(runs.measurements) == len(runs.nodes) == 0
    assert list(runs.nodes.columns) == [c.name for c in RUN_NODE_COLUMNS]
    assert runs.runs["items_in"].isna().all()


def test_damaged_records_are_named_with_a_reason_and_left_out(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run_json(), measurements=[], nodes=[])
    root = tmp_path / "demo"
    for name in ("no-run-json", "not-json", "unknown-field", "no-version", ".tmp-abc-half"):
        (root / name).mkdir()
    unversioned = {key: value for key, value in factory.run_json().items() if key != "schema_version"}
    (root / "no-version" / "run.json").write_text(json.dumps(unversioned))
    (root / "not-json" / "run.json").write_text("{")
    (root / "unknown-field" / "run.json").write_text(json.dumps({**factory.run_json(), "surprise": 1}))
    no_table = factory.write(tmp_path, factory.run_json(cell="no-table"))
    (no_table / "measurements.parquet").unlink()
    parquet = factory.write(tmp_path, factory.run_json(cell="bad-parquet"))
    (parquet / "nodes.parquet").write_bytes(b"PAR1 cut off")
    lacking = factory.write(tmp_path, factory.run_json(cell="lacks-columns"))
    write_table(lacking, NODES, NODE_COLUMNS[:3], [])
    runs = loading.load(tmp_path, "demo")
    assert list(runs.records) == ["demo/four-small-ssd-write_tfrecords-0"]
    reasons = dict(runs.damaged)
    assert set(reasons) == {
        f"demo/{n}"
        for n in (
            "no-run-json",
            "not-json",
            "unknown-field",
            "no-version",
            ".tmp-abc-half",
            "no-table",
            "bad-parquet",
            "lacks-columns",
        )
    }
    assert "run.json is missing" in reasons["demo/no-run-json"]
    assert "not readable JSON" in reasons["demo/not-json"]
    assert "surprise" in reasons["demo/unknown-field"]
    assert "schema_version must be a whole number" in reasons["demo/no-version"]
    assert reasons["demo/no-table"] == "measurements: the file is missing"
    assert "nodes cannot be read" in reasons["demo/bad-parquet"]
    assert "cpu_cores" in reasons["demo/lacks-columns"]
    assert "unfinished" in reasons["demo/.tmp-abc-half"]


def point_astray(path: Path) -> None:
    """Let the offset of a text point far out of its buffer, as a bad block on a disk could."""
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<5i", 0, 1, 2, 3, 4))  # m, m, m, m, ...
    content[at + 8 : at + 12] = struct.pack("<i", 2**30)
    path.write_bytes(content)


@pytest.mark.parametrize("fault", ["cut off", "astray", "of another", "lost"])
def test_a_copy_that_is_not_right_is_not_read(tmp_path: Path, fault: str) -> None:
    record = factory.run_json()
    directory = factory.write(tmp_path, record, nodes=factory.samples(record))
    whole = loading.load(tmp_path, "demo").nodes
    copy = directory / "nodes.arrow"
    if fault == "cut off":
        copy.write_bytes(copy.read_bytes()[:-100])
    elif fault == "astray":
        point_astray(copy)
    elif fault == "of another":
        other = factory.write(tmp_path / "other", record, nodes=factory.samples(record, seconds=3))
        (other / "nodes.arrow").rename(copy)
    else:
        copy.unlink()
    pd.testing.assert_frame_equal(loading.load(tmp_path, "demo").nodes, whole)


def test_a_copy_that_is_right_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = factory.run_json()
    factory.write(tmp_path, record, nodes=factory.samples(record))

    def decode(*_: object) -> None:
        raise AssertionError("a Parquet file was decoded")

    monkeypatch.setattr("pyarrow.parquet.ParquetFile", decode)
    assert len(loading.load(tmp_path, "demo").nodes) == len(factory.samples(record))


def test_a_damaged_table_is_told_whatever_its_copy_says(tmp_path: Path) -> None:
    record = factory.run_json()
    directory = factory.write(tmp_path, record, nodes=factory.samples(record))
    path = directory / "nodes.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(NoRecordsError, match="nodes cannot be read"):
        loading.load(tmp_path, "demo")


def test_columns_that_came_later_read_as_null(tmp_path: Path) -> None:
    directory = factory.write(tmp_path, factory.run_json(schema_version=1))
    old = tuple(column for column in MEASUREMENT_COLUMNS if column.since == 1)
    assert len(old) < len(MEASUREMENT_COLUMNS)
    write_table(directory, MEASUREMENTS, old, [factory.measurement(100.0)])
    measurements = loading.load(tmp_path, "demo").measurements
    assert list(measurements["images_per_s"]) == [100.0]
    assert measurements[["loss", "latency_p99_s", "sustained"]].isna().all(axis=None)


def test_newer_schema_is_a_named_error(tmp_path: Path) -> None:
    directory = factory.write(tmp_path, factory.run_json())
    (directory / "run.json").write_text(json.dumps({**factory.run_json(), "schema_version": 99}))
    with pytest.raises(NewerSchemaError, match="schema_version 99 is newer than"):
        loading.read_record(directory)
    with pytest.raises(NoRecordsError, match="schema_version 99"):
        loading.load(tmp_path, "demo")


def test_older_schema_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = factory.write(tmp_path, factory.run_json())
    raw = factory.run_json()
    raw["why"] = raw.pop("reason")  # an imagined older name
    raw["schema_version"] = 1
    (directory / "run.json").write_text(json.dumps(raw))
    monkeypatch.setitem(
        loading.UPGRADES, 1, lambda old: {**{k: v for k, v in old.items() if k != "why"}, "reason": old["why"]}
    )
    assert loading.read_record(directory).schema_version == SCHEMA_VERSION


def test_no_records_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    with pytest.raises(NoRecordsError, match=r"Experiments with records: demo.*bakeoff bench other"):
        loading.load(tmp_path, "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoRecordsError, match="No readable record"):
        loading.load(tmp_path, "empty")


def test_teardown_is_found_beside_a_record_the_experiment_or_the_lease(tmp_path: Path) -> None:
    directory = factory.write(tmp_path, factory.run_json(lease="aaaaaa"))
    factory.write(tmp_path, factory.run_json(repeat=1, lease="bbbbbb"))
    factory.write(tmp_path, factory.run_json(repeat=2, lease="cccccc"))
    proof = {"destroyed_at": "2026-01-01T00:00:00Z", "destroy_s": 2.5, "found": ["x"], "removed": ["x"], "left": []}
    (directory / "teardown.json").write_text(json.dumps({"lease": "aaaaaa", **proof}))
    (tmp_path / "demo" / "teardown-b.json").write_text(json.dumps([{"lease": "bbbbbb", **proof}]))
    (tmp_path / "leases" / "cccccc").mkdir(parents=True)
    (tmp_path / "leases" / "cccccc" / "teardown.json").write_text(json.dumps({"lease": "cccccc", **proof}))
    assert [t.lease for t in loading.load(tmp_path, "demo").teardowns] == ["aaaaaa", "bbbbbb", "cccccc"]


def test_settings_that_differ_are_variants_and_addresses_are_not(tmp_path: Path) -> None:
    for repeat, slices in enumerate((8, 16)):
        configuration = {"slices": slices, "size": 192, "output_uri": f"gs://bucket-{repeat}/out"}
        factory.write(tmp_path, factory.run_json(repeat=repeat, configuration=configuration))
    assert sorted(loading.load(tmp_path, "demo").runs["variant"]) == ["slices=16", "slices=8"]
