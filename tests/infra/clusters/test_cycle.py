"""Whole cycles with the real Terraform, Spark and object store: with isolation and without."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from infra.base.paths import CACHE_DIR
from infra.targets.local import class_archive
from tests.support import bakeoff
from workloads.generate import generate
from workloads.record import NODE_COLUMNS, RunRecord, Status

pytestmark = pytest.mark.xdist_group("host")  # clusters

EXPERIMENT = """
name = "cycle"
scenarios = ["{scenario}"]
repeats = 1
timeout_s = 240
[data]
images = "{images}"
[[workloads]]
name = "write_tfrecords"
[[workloads]]
name = "read_speed"
config = {{ sources = ["bucket", "staged"], batch_sizes = [8], batch_counts = [2], repetitions = 1 }}
"""
SCRIPT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("mine").getOrCreate()
pairs = spark.sparkContext.parallelize(range(1000), 8).map(lambda x: (x % 5, x))
assert pairs.reduceByKey(lambda a, b: a + b).count() == 5
assert sys.argv[1:] == ["--name", "two words"], sys.argv
spark.stop()
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    class_archive.ensure_class_archive(CACHE_DIR)  # made once per checkout, and meant to stay
    folder = tmp_path_factory.mktemp("images")
    generate(folder, 40, seed=3)
    (folder / "daisy" / "empty.jpg").write_bytes(b"")
    return folder


def record_of(row: dict[str, str]) -> tuple[Path, RunRecord]:
    path = Path(row["record"])
    return path, RunRecord.model_validate_json((path / "run.json").read_text())


def check_write(path: Path, record: RunRecord) -> None:
    summary = json.loads((path / "summary.json").read_text())
    assert (summary["items_in"], summary["items_out"], summary["items_rejected"]) == (41, 40, 1)
    assert summary["rejected"][0]["name"] == "daisy/empty.jpg"
    assert record.spark is not None
    assert record.spark.executors == max(1, record.scenario.workers)
    assert record.spark.tasks == 8
    assert record.run_s_source == "event_log"
    assert list((path / "eventlog").iterdir())


def check_nodes(path: Path, record: RunRecord) -> pd.DataFrame:
    nodes = pd.read_parquet(path / "nodes.parquet")
    assert list(nodes.columns) == [c.name for c in NODE_COLUMNS]
    assert set(nodes["node"]) == {n.node for n in record.nodes}
    assert nodes["cpu_cores"].sum() > 0
    assert (path / "logs" / "driver.log").exists()
    assert (path / "logs" / "m" / "master.log").exists()
    return nodes


@pytest.mark.isolation
@pytest.mark.timeout(1500)
def test_cycle_with_isolation(tmp_path: Path, images: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "leases").mkdir(parents=True)
    before = bakeoff.snapshot(runs)
    experiment = tmp_path / "cycle.toml"
    experiment.write_text(EXPERIMENT.format(scenario="four-small-ssd", images=images))
    rows = bakeoff.run_json(runs, "bench", str(experiment))
    assert [row["status"] for row in rows] == ["ok", "ok"], rows
    for row in rows:
        path, record = record_of(row)
        assert record.status is Status.OK
        assert record.isolation.complete, record.isolation.missing
        assert [n.node for n in record.nodes] == ["m", "w-0", "w-1", "w-2", "w-3"]
        assert len({n.address for n in record.nodes}) == 5
        for node in record.nodes:
            assert node.actual_disk_read_mb_s is not None
            assert node.probed_disk_read_mb_s == pytest.approx(node.actual_disk_read_mb_s, rel=0.15)
            assert node.probed_disk_read_iops == pytest.approx(node.actual_disk_read_iops, rel=0.15)
        nodes = check_nodes(path, record)
        # Every node's limit holds: averages over the attempt stay below it (one period of slack per second).
        assert (nodes.groupby("node")["cpu_ratio"].mean() < 1.1).all()
        if record.workload == "write_tfrecords":
            check_write(path, record)
            assert (nodes.groupby("node")["net_rx_packets_s"].sum() > 0).all()
        proof = json.loads((path / "teardown.json").read_text())
        assert proof["lease"] == record.lease
        assert proof["found"]
        assert proof["left"] == []
    new = bakeoff.new_since(before, tmp_path, runs)
    assert set(new) <= {"files"}, new
    assert [f for f in new["files"] if "/cycle" not in f] == []

    again = bakeoff.run_json(runs, "bench", str(experiment))
    assert [row["status"] for row in again] == ["done_before", "done_before"]
    assert [row["record"] for row in again] == [row["record"] for row in rows]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_cycle_without_isolation(tmp_path: Path, images: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "leases").mkdir(parents=True)
    before = bakeoff.snapshot(runs)
    applied = bakeoff.run_json(runs, "apply", "one-large-standard", "--isolation", "none")
    assert applied["isolation"] == "none"
    written = bakeoff.run_json(runs, "run", "write_tfrecords", "--on", "one-large-standard", "--images", str(images))
    path, record = record_of(written[0])
    assert record.lease == applied["lease"]
    assert not record.isolation.complete
    assert record.isolation.missing
    assert all(n.actual_cores is None for n in record.nodes)
    check_write(path, record)
    nodes = check_nodes(path, record)
    assert nodes["net_rx_packets_s"].isna().all()
    assert any("net_rx_packets_s" in line for line in record.missing)

    script = tmp_path / "my_job.py"
    script.write_text(SCRIPT)
    arguments = ("run", "--on", "one-large-standard", "--job", str(script), "--args", "--name 'two words'")
    mine = bakeoff.run_json(runs, *arguments, "--images", str(images))
    path, record = record_of(mine[0])
    assert record.spark is not None
    assert record.spark.shuffle_write_bytes > 0
    assert record.spark.tasks >= 16
    assert pd.read_parquet(path / "measurements.parquet").empty

    script.write_text("raise SystemExit('no such table: flowers')")
    failed = bakeoff.run_json(runs, *arguments, "--images", str(images), expect=1)
    assert failed[0]["status"] == "failed"
    assert "no such table: flowers" in failed[0]["reason"]

    destroyed = bakeoff.run_json(runs, "destroy", "one-large-standard")
    assert destroyed[0]["left"] == []
    assert json.loads((path / "teardown.json").read_text())["lease"] == record.lease
    new = bakeoff.new_since(before, tmp_path, runs)
    assert set(new) <= {"files"}, new
    assert [f for f in new["files"] if "/runs/run" not in f] == []
