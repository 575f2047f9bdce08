"""What a job does when the object store refuses, stalls or garbles, the disk is full, or a process is killed."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.workloads.faults import Faults, through
from workloads import bucket as bucket_store
from workloads.bucket import STREAM_CHUNK_BYTES, Bucket
from workloads.dataset import list_dataset
from workloads.errors import StorageError
from workloads.generate import draw
from workloads.record import Summary
from workloads.shards import MANIFEST, ShardOptions, begin_output, finish_output, plan_shards, write_shard
from workloads.storage import Folder, open_store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def images(bucket: str) -> str:
    store = open_store(f"{bucket}/images")
    for index in range(40):
        store.write(*draw(index, seed=3))
    return store.uri


def test_five_percent_refused_and_slow_answers_cost_time_and_nothing_else(
    object_store: str, images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(output: str) -> dict[str, bytes]:
        dataset = list_dataset(images)
        begin_output(dataset, output)
        results = [write_shard(plan) for plan in plan_shards(dataset, 2, output, ShardOptions(), 8)]
        finish_output(dataset, output, ShardOptions(), 2, results)  # raises unless every image is accounted for
        assert sum(result.images_in for result in results) == sum(result.images_out for result in results) == 40
        store = open_store(output)
        return {entry.name: store.read(entry.name) for entry in store.list()}

    calm = write(f"{images}-calm")
    faults = Faults(refused=0.05, slow=0.05)
    with through(monkeypatch, object_store, faults):
        assert write(f"{images}-bad-day") == calm
    assert faults.done["refused"] > 0
    assert faults.done["slow"] > 0


@pytest.mark.parametrize("kind", ["cut", "garbled"])
def test_damaged_answers_are_fetched_again(
    object_store: str, images: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    store = open_store(images)
    names = [entry.name for entry in store.list()]
    sound = {name: store.read(name) for name in names}
    faults = Faults(**{kind: 0.1})
    with through(monkeypatch, object_store, faults):
        assert {name: Bucket(*images.removeprefix("gs://").split("/")).read(name) for name in names} == sound
    assert faults.done[kind] > 0


@pytest.mark.parametrize(
    ("kind", "told"), [("garbled", "do not match the object's CRC-32C"), ("refused", "503.*try again later")]
)
def test_a_store_that_never_recovers_is_named(
    object_store: str, images: str, monkeypatch: pytest.MonkeyPatch, kind: str, told: str
) -> None:
    store = open_store(images)
    name = store.list()[0].name
    monkeypatch.setattr(bucket_store, "RETRY_S", 0.2)
    with (
        through(monkeypatch, object_store, Faults(**{kind: 1.0})),
        pytest.raises(StorageError, match=rf"(?s)cannot read {images}/{name} \(object store at http.*{told}"),
    ):
        store.read(name)


def test_a_shard_is_streamed_through_refused_and_cut_answers(
    object_store: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = random.Random(1).randbytes(3 * STREAM_CHUNK_BYTES + 5)
    open_store(bucket).write("shard.tfrec", data)
    faults = Faults(refused=0.2, cut=0.2)
    with through(monkeypatch, object_store, faults), open_store(bucket).open("shard.tfrec") as stream:
        assert stream.read() == data
    assert faults.done.total() > 0


def test_a_full_temporary_folder_is_named_and_no_shard_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Folder(tmp_path / "images").write(*draw(0, seed=3))
    dataset = list_dataset(str(tmp_path / "images"))
    (plan,) = plan_shards(dataset, 1, str(tmp_path / "out"), ShardOptions(), 1)
    full = partial(open, "/dev/full", "wb", 0)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda max_size: full())
    with pytest.raises(StorageError, match=r"cannot hold shard 0 in .*: No space left on device"):
        write_shard(plan)
    assert not (tmp_path / "out").exists()


@pytest.mark.isolation
def test_a_full_disk_is_named_and_leaves_no_half_shard(tmp_path: Path) -> None:
    for index in range(12):
        Folder(tmp_path / "images").write(*draw(index, seed=3))
    disk = tmp_path / "disk"
    disk.mkdir()
    config = {
        "images_uri": str(tmp_path / "images"),
        "output_uri": str(disk / "tfrecords"),
        "formats": ["tfrecord"],
        "shards": 2,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    job = f"{sys.executable} -m workloads.read_speed.job --config {tmp_path}/config.json --out {tmp_path}/results"
    script = f"mount -t tmpfs -o size=100k full {disk} && {job}; code=$?; ls -A {disk}/tfrecords; exit $code"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 1
    assert "tfrec: No space left on device" in done.stderr
    left = done.stdout.split()
    assert MANIFEST not in left
    assert all(name.endswith("-6.tfrec") for name in left)  # whole ones, if any
    summary = json.loads((tmp_path / "results" / "summary.json").read_text())
    assert (summary["status"], summary["items_out"]) == ("failed", 0)


@pytest.mark.parametrize("workload", ["read_speed", "spark_read_speed", "write_tfrecords", "train", "serve", "stream"])
def test_each_job_names_a_store_that_never_recovers(
    object_store: str, images: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: str
) -> None:
    monkeypatch.setattr(bucket_store, "RETRY_S", 0.2)
    with through(monkeypatch, object_store, Faults(refused=1.0)):
        summary = job(workload, tmp_path, 1, images_uri=images, output_uri=f"{images}-{workload}")
    assert summary.status == "failed"
    assert summary.error is not None
    assert re.search(rf"cannot list {images} \(object store at http.*503.*try again later", summary.error, re.DOTALL)


@pytest.mark.parametrize("workload", ["read_speed", "spark_read_speed", "write_tfrecords"])
def test_jobs_outlast_refused_answers(
    spark: Any, object_store: str, images: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: str
) -> None:
    """So do stream, train and serve: see their own tests."""
    grid: dict[str, Any] = {"batch_sizes": [40], "batch_counts": [1], "repetitions": 1, "shards": 2}
    settings = {
        "read_speed": grid | {"warm_up_batches": 0},
        "spark_read_speed": grid | {"variant": "optimised", "warm_up": False},
        "write_tfrecords": {"partitions": 2},
    }[workload]
    faults = Faults(refused=0.05)
    with through(monkeypatch, object_store, faults):
        monkeypatch.setitem(spark.environment, "STORAGE_EMULATOR_HOST", os.environ["STORAGE_EMULATOR_HOST"])
        summary = job(workload, tmp_path, images_uri=images, output_uri=f"{images}-{workload}", **settings)
    assert summary.items_in == summary.items_out == (40 if workload == "write_tfrecords" else 80)
    assert faults.done["refused"] > 2


def job(workload: str, folder: Path, code: int = 0, **config: Any) -> Summary:
    (folder / "config.json").write_text(json.dumps(config))
    main = import_module(f"workloads.{workload}.job").main
    assert main(["--config", str(folder / "config.json"), "--out", str(folder / "results")]) == code
    return Summary.model_validate_json((folder / "results" / "summary.json").read_text())
