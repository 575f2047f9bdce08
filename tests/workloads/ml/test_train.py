"""Training for real, on tiny pictures: what it records, what it refuses, and that an interrupted run goes on."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.workloads.jobs import PLAIN, SMALL, images, losses, results, run, start
from tests.support.workloads.pictures import encode, gradient
from workloads.contract import Measurements
from workloads.errors import InvalidRun, MissingPackage, WorkloadError
from workloads.storage import Folder, open_store
from workloads.tfrecord import encode_example, frame
from workloads.train import artifact, checkpoint, nodes, process
from workloads.train.config import TrainConfig
from workloads.train.job import train


@pytest.mark.timeout(900)
def test_one_device_from_images_to_a_model(tmp_path: Path) -> None:
    source = images(tmp_path / "images")
    summary, rows = run(
        tmp_path, "train", images_uri=source, output_uri=str(tmp_path / "out"), epochs=1, batch_size=8,
        weights=str(tmp_path / "no such file.h5"), trainable="head", **SMALL,
    )  # fmt: skip
    assert (summary.status, summary.items_in, summary.items_out) == ("ok", 48, 48)
    facts = summary.facts
    assert (facts["strategy"], facts["num_replicas_in_sync"], facts["epochs"]) == ("one_device", 1, 1)
    assert facts["weights"] == "random"
    assert any("random, since" in note and "no such file.h5" in note for note in summary.notes)
    trained, validated = (next(row for row in rows if row["operation"] == o) for o in ("train", "validate"))
    assert trained["updates"] == trained["images"] // 8 == facts["updates"]
    assert validated["images"] == facts["validation_images"]
    assert trained["images"] <= int(str(facts["training_images"])) == 48 - validated["images"]
    assert 0 < trained["loss"] < 20
    assert 0 <= trained["input_wait_ratio"] < 1
    kept = {entry.name for entry in open_store(str(tmp_path / "out")).list()}
    assert artifact.MODEL in kept
    assert checkpoint.CHECKPOINT not in kept  # it is for a run that was cut off
    assert not list(tmp_path.glob("train-*"))  # staged images


@pytest.mark.timeout(900)
def test_a_damaged_shard_is_named_with_its_cure(tmp_path: Path) -> None:
    uri = damaged_set(tmp_path)
    summary, rows = run(
        tmp_path, "train", 1, images_uri="unused", tfrecords_uri=uri, output_uri=str(tmp_path / "out"), **SMALL
    )
    assert (summary.status, rows) == ("failed", [])
    assert summary.error is not None
    assert f"{uri}/s0.tfrec: truncated at byte" in summary.error
    assert summary.error.endswith("delete it and write the TFRecords again")


def test_on_a_cluster_a_damaged_shard_is_named_at_once(
    spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = damaged_set(tmp_path)
    config = TrainConfig(images_uri="unused", tfrecords_uri=uri, output_uri=str(tmp_path / "out"))
    with pytest.raises(WorkloadError, match=rf"^a task failed: .*{uri}/s0\.tfrec: truncated"):
        train(config, Measurements())
    assert "attempt" not in capsys.readouterr().err


def damaged_set(folder: Path) -> str:
    store = Folder(folder / "set")
    records = [frame(encode_example(encode(gradient()), label)) for label in range(2)]
    store.write("s0.tfrec", b"".join(records)[:-7])
    return store.uri


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("a task failed: workloads.errors.WorkloadError: training process 1 of 2 ended with signal SIGKILL", True),
        ("Spark: Job aborted: ExecutorLostFailure (executor 1 exited)", True),
        ("a task failed: workloads.errors.TFRecordError: gs://b/s0.tfrec: truncated at byte 9", False),
    ],
)
def test_only_what_may_pass_is_tried_again(said: str, again: bool) -> None:
    assert nodes._may_pass(said) is again


def test_a_machine_without_tensorflow_is_told_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"needs tensorflow and tf_keras.*cure: make setup-train"):
        train(TrainConfig(images_uri="a", output_uri=str(tmp_path)), Measurements())


def test_several_workers_in_one_place_are_an_invalid_run(spark: Any, tmp_path: Path) -> None:
    config = TrainConfig(
        images_uri=images(tmp_path / "images", 6), output_uri=str(tmp_path / "out"),
        strategy="multi_worker_mirrored", shards=1,
    )  # fmt: skip
    with pytest.raises(InvalidRun, match="at least 2 nodes with different addresses"):
        train(config, Measurements())


def test_a_process_that_makes_no_step_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workloads.train.cluster_spec import ClusterSpec

    sleeper = tmp_path / "sleeper"
    sleeper.write_text('#!/bin/bash\nexec -a "$0" sleep 600\n')  # goes on to bear this name
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    config = TrainConfig(images_uri="a", output_uri="b", peer_timeout_s=1, staging_folder=str(tmp_path / "disk"))
    task = process.Task(config, "c", [], "d", False, 0, 2)
    with pytest.raises(WorkloadError, match=r"process 0 of 2 made no step for 1 s; its peers are \['x:1', 'y:2'\]"):
        process.run_task(task, ClusterSpec.of_workers(["x:1", "y:2"], 0), lambda done, total: None)
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(sleeper) in (p.info["cmdline"] or [])]
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_killed_process_names_its_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\necho the last words\nkill -9 $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killed))
    config = TrainConfig(images_uri="a", output_uri="b", staging_folder=str(tmp_path / "disk"))
    with pytest.raises(WorkloadError, match=r"process 0 of 1 ended with signal SIGKILL; .* the last words"):
        process.run_task(process.Task(config, "c", [], "d", False), None, lambda done, total: None)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_run_goes_on_after_its_last_epoch(tmp_path: Path) -> None:
    """The training process is killed after an epoch; started again, the job ends as one that was never disturbed: what is
    drawn at random, order, augmentation and dropout, follows from seed, epoch and update.
    """
    source = images(tmp_path / "images")
    config: dict[str, Any] = {
        "images_uri": source,
        "epochs": 6,
        "batch_size": 4,
        "patience": 6,
        **SMALL,
        "dropout": 0.5,
    }
    whole, whole_rows = run(tmp_path / "whole", "train", output_uri=str(tmp_path / "whole out"), **config)
    output = tmp_path / "cut out"
    job = start(tmp_path / "cut", "train", output_uri=str(output), **config)
    try:
        end = time.monotonic() + 600
        while not (output / checkpoint.CHECKPOINT).exists():
            assert job.poll() is None, (tmp_path / "cut" / "stderr").read_text()
            assert time.monotonic() < end
            time.sleep(0.01)
        (trainer,) = psutil.Process(job.pid).children()
        os.kill(trainer.pid, signal.SIGKILL)
        assert job.wait(300) == 1
    finally:
        job.kill()
        job.wait()
    failed, _ = results(tmp_path / "cut" / "results")
    assert failed.error is not None
    assert "ended with signal SIGKILL" in failed.error
    assert not list((tmp_path / "cut").glob("train-*"))
    again, rows = run(tmp_path / "again", "train", output_uri=str(output), **config)
    resumed = again.facts["resumed_after_epoch"]
    assert isinstance(resumed, int)
    assert 1 <= resumed < 6
    assert [row["epoch"] for row in rows if row["operation"] == "train"] == [1, 2, 3, 4, 5, 6]
    assert again.facts["updates"] == whole.facts["updates"]
    assert losses(rows) == pytest.approx(losses(whole_rows), rel=1e-3)
    assert losses(rows, "validate") == pytest.approx(losses(whole_rows, "validate"), rel=1e-2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_batch_grows_instead_of_the_rate_falling(tmp_path: Path) -> None:
    source = images(tmp_path / "images", 100)
    config: dict[str, Any] = {
        "images_uri": source, "output_uri": str(tmp_path / "out"), "batch_size": 1, "epochs": 3, "milestones": [1, 2],
        "schedule": "grow_batch", "factor": 4, **SMALL, **PLAIN,
    }  # fmt: skip
    summary, rows = run(tmp_path, "train", **config)
    assert summary.facts["batch_sizes"] == [1, 4, 4]  # 16 would be more than a tenth of the training images
    assert summary.facts["learning_rates"] == pytest.approx([0.01, 0.01, 0.0025])
    trained = [row for row in rows if row["operation"] == "train"]
    images_in = int(str(summary.facts["training_images"]))
    steps = [images_in, images_in // 4, images_in // 4]
    assert [row["updates"] for row in trained] == [sum(steps[: n + 1]) for n in range(3)]
    assert json.dumps(summary.facts)
