"""Code that lies outside of the tree, through ``bench`` on a real cluster, and on to the frames of the analysis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.records.runs import load
from tests.support import bakeoff
from tests.support.workloads.toy import write_toy
from workloads.registry import VARIABLE

EXPERIMENT = """
name = "outside"
scenarios = ["one-large-ssd"]
repeats = 1
timeout_s = 120
[data]
count = 5
[[workloads]]
name = "toy"
config = { least_s = 5 }  # of a shorter run there are no samples
grid = { rows = [100, 1000] }
[[workloads]]
name = "job"
script = "own.py"
"""
SCRIPT = """
import json, os, time
from pyspark.sql import SparkSession
from workloads.record.columns import Column, header_line
from workloads.storage import open_store
spark = SparkSession.builder.getOrCreate()
start = time.time()
rows = spark.range(1000).count()
row = {"started_at": start, "duration_s": time.time() - start, "rows": rows}
lines = header_line([Column("rows", "int64", "rows", "rows that were counted")]) + json.dumps(row) + "\\n"
open_store(os.environ["BAKEOFF_OUT"]).write("measurements.jsonl", lines.encode())
"""


@pytest.mark.slow
@pytest.mark.xdist_group("host")
@pytest.mark.timeout(900)
def test_a_workload_and_a_script_of_the_users_are_recorded_with_columns_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(write_toy(tmp_path / "elsewhere")))
    spec, runs = tmp_path / "outside.toml", tmp_path / "runs"
    spec.write_text(EXPERIMENT)
    (tmp_path / "own.py").write_text(SCRIPT)
    rows = bakeoff.run_json(runs, "bench", str(spec))
    assert sorted((row["workload"], row["status"]) for row in rows) == [("job", "ok"), ("toy", "ok"), ("toy", "ok")]
    monkeypatch.delenv(VARIABLE)  # who reads the records need not have the workload
    loaded = load(runs, "outside")
    assert {column.name: column.unit for column in loaded.own_columns} == {"rows_per_s": "rows/s", "rows": "rows"}
    assert (loaded.measurements["rows_per_s"].dropna() > 0).tolist() == [True, True]
    assert loaded.measurements["rows"].dropna().tolist() == [1000]
    toy = next(Path(row["record"]) for row in rows if row["workload"] == "toy")
    assert json.loads((toy / "summary.json").read_text())["facts"]["threads"] > 1
