"""A stream of images through real Spark Structured Streaming, undisturbed, restarted, and killed."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import kill_family
from tests.support.spark import set_java_home
from tests.support.workloads.faults import Faults, through
from tests.support.workloads.jobs import images, run, start
from workloads.errors import ConfigError
from workloads.storage import Folder, open_store
from workloads.stream.batches import SHARDS, committed
from workloads.stream.config import StreamConfig
from workloads.stream.feeder import journaled
from workloads.stream.job import state_folders
from workloads.stream.load_steps import WARM_UP
from workloads.tfrecord import read_records


def test_the_journal_lies_where_spark_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("BAKEOFF_NODE_DISK", "/disk")
    config = StreamConfig(images_uri="gs://b/images", output_uri="gs://b/stream")
    journal, checkpoint = state_folders(config)
    assert (Path(journal).parent, Path(journal).parent.parent) == (Path(checkpoint).parent, Path("/disk"))
    with pytest.raises(ConfigError, match="Spark cannot read an emulated bucket; received 'gs://b/x'"):
        state_folders(config.model_copy(update={"journal_uri": "gs://b/x"}))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    assert state_folders(config)[0] == "gs://b/stream/state/journal"


def records(output: str) -> int:
    store = open_store(f"{output}/{SHARDS}")
    count = 0
    for entry in store.list():
        with store.open(entry.name) as stream:
            count += sum(1 for _ in read_records(stream, entry.name))
    return count


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_step_with_a_restart_in_its_midst_and_steps_that_count(
    tmp_path: Path, object_store: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an object store that refuses a part of the requests."""
    set_java_home()
    source = images(tmp_path / "images", 6)
    Folder(tmp_path / "images").write("daisy/broken.jpg", b"no picture")
    faults = Faults(refused=0.05)
    with through(monkeypatch, object_store, faults):
        summary, rows = run(
            tmp_path, "stream", images_uri=source, output_uri=f"{bucket}/stream", first_rate_s=4, rate_factor=2,
            max_steps=2, step_s=5, latency_goal_s=30, journal_uri=str(tmp_path / "state"), image_size=48, partitions=2,
        )  # fmt: skip
    assert faults.done["refused"] > 2
    assert (summary.items_in, summary.facts["restarts"]) == (WARM_UP + 20 + 20 + 40, 1)
    assert summary.items_rejected in (11, 12, 13)  # one of seven
    assert {item.reason for item in summary.rejected} == {"not a JPEG or PNG image"}
    assert [row["offered_rate_s"] for row in rows] == [4, 4, 8]
    assert "sustained" not in rows[0]
    for row in rows:
        assert row["images"] + row["images_rejected"] == row["offered_rate_s"] * 5
        assert 0 < row["latency_p50_s"] <= row["latency_p95_s"] <= row["latency_p99_s"]
    assert all(row["sustained"] == (row["latency_p95_s"] <= 30) for row in rows[1:])
    assert records(f"{bucket}/stream") == summary.items_out
    assert not list((tmp_path / "state").glob("*/*"))  # a finished job leaves no state behind


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_when_the_job_is_killed(tmp_path: Path, bucket: str) -> None:
    set_java_home()
    source = images(tmp_path / "images", 6)
    output, state = f"{bucket}/stream", tmp_path / "state"
    config: dict[str, Any] = {
        "images_uri": source, "output_uri": output, "journal_uri": str(state), "first_rate_s": 6, "max_steps": 1,
        "restarts": 0, "latency_goal_s": 30, "image_size": 48, "partitions": 2,
    }  # fmt: skip
    job = start(tmp_path / "killed", "stream", step_s=120, **config)
    try:
        end = time.monotonic() + 400
        while len(committed(output)) < 12:
            assert job.poll() is None, (tmp_path / "killed" / "stderr").read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        kill_family(job)
    arrived = {str(row["name"]) for row in journaled(Folder(state / "journal"))}
    assert len(arrived) > 12
    summary, _ = run(tmp_path / "again", "stream", step_s=3, **config)
    assert summary.facts["resumed_with"] == len(arrived)
    assert any("went on from the checkpoint" in note for note in summary.notes)
    counts = Counter(row["name"] for row in committed(output))
    assert set(counts.values()) == {1}
    assert arrived < set(counts)
    assert summary.items_in == len(counts) == records(output) + summary.items_rejected
