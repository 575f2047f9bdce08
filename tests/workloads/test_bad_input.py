"""What every workload refuses alike: settings out of range, before anything is brought up, and a place without images."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from infra.base.errors import UsageError
from infra.inputs.experiment import check_settings
from workloads.errors import StorageError
from workloads.read_speed.staging import stage
from workloads.storage import Folder


@pytest.mark.parametrize(
    ("workload", "settings", "told"),
    [
        ("read_speed", {"batch_sizes": [8, 0]}, r"batch_sizes\.1: .*greater than or equal to 1 \(got 0\)"),
        ("read_speed", {"repetitions": 0}, r"repetitions: .*greater than or equal to 1 \(got 0\)"),
        ("spark_read_speed", {"batch_counts": [-1]}, r"batch_counts\.0: .*greater than or equal to 1 \(got -1\)"),
        ("spark_read_speed", {"batch_sizes": []}, r"batch_sizes: .*at least 1 item.* \(got \[\]\)"),
        ("write_tfrecords", {"partitions": 0}, r"partitions: .*greater than or equal to 1 \(got 0\)"),
        ("write_tfrecords", {"jpeg_quality": 96}, r"jpeg_quality: .*less than or equal to 95 \(got 96\)"),
        ("stream", {"first_rate_s": 0}, r"first_rate_s: .*greater than 0 \(got 0\)"),
        ("stream", {"rate_factor": 1}, r"rate_factor: .*greater than 1 \(got 1\)"),
        ("serve", {"batch_sizes": [2048]}, r"batch_sizes\.0: .*less than or equal to 1024 \(got 2048\)"),
        ("serve", {"latency_goal_s": -1}, r"latency_goal_s: .*greater than 0 \(got -1\)"),
    ],
)
def test_settings_out_of_range_are_named(workload: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        check_settings(workload, settings)


@pytest.mark.parametrize("workload", ["stream", "serve", "read_speed"])
@pytest.mark.parametrize("there", [True, False], ids=["empty", "missing"])
def test_a_place_without_images_is_named(workload: str, there: bool, bucket: str, tmp_path: Path) -> None:
    uri = f"{bucket}/images" if there else "gs://no-such-bucket-here/images"
    config = {"images_uri": uri, "output_uri": f"{bucket}/{workload}", "journal_uri": str(tmp_path / "journal")}
    if workload != "stream":
        config.pop("journal_uri")
    (tmp_path / "config.json").write_text(json.dumps(config))
    job = import_module(f"workloads.{workload}.job")
    assert job.main(["--config", str(tmp_path / "config.json"), "--out", str(tmp_path / "out")]) == 1
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["status"] == "failed"
    assert f"no images at {uri}" in summary["error"]


def test_a_full_disk_is_named_when_files_are_staged(tmp_path: Path) -> None:
    source, target = Folder(tmp_path / "images"), tmp_path / "disk"
    source.write("roses/1.jpg", b"some bytes")
    (target / "roses").mkdir(parents=True)
    (target / "roses" / "1.jpg").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"cannot stage roses/1\.jpg at .*: No space left on device"):
        stage(source, ["roses/1.jpg"], target, threads=1)
