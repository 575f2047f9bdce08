"""The grid of reads on a real Spark: both variants, their accounts, and what they may not hide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workloads.generate import draw
from workloads.grid import Point
from workloads.record import Summary
from workloads.spark_read_speed import job
from workloads.spark_read_speed.variants import PARAMETERS, Unit, deal
from workloads.storage import open_store

GRID: dict[str, Any] = {"batch_sizes": [2, 4], "batch_counts": [1, 3], "repetitions": 2, "shards": 2}


def run(tmp_path: Path, code: int = 0, **config: Any) -> tuple[Summary, list[dict[str, Any]]]:
    path, out = tmp_path / "config.json", tmp_path / "results"
    path.write_text(json.dumps(config))
    ended = job.main(["--config", str(path), "--out", str(out)])
    assert ended == code, (out / "summary.json").read_text()
    rows = [json.loads(line) for line in (out / "measurements.jsonl").read_text().splitlines()]
    return Summary.model_validate_json((out / "summary.json").read_text()), rows


@pytest.fixture
def images(bucket: str) -> str:
    store = open_store(f"{bucket}/images")
    for index in range(12):
        store.write(*draw(index, seed=3))
    return store.uri


@pytest.mark.parametrize("variant", ["naive", "optimised"])
def test_every_point_is_measured_once_and_averaged(
    spark: Any, images: str, tmp_path: Path, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_PROGRESS", str(tmp_path / "progress.json"))
    summary, rows = run(tmp_path, images_uri=images, output_uri=f"{images}-tfrecords", variant=variant, **GRID)
    reads = [row for row in rows if row["operation"] == "read"]
    keys = {tuple(row[key] for key in ("format", "batch_size", "batch_count", "repetition")) for row in reads}
    assert len(reads) == len(keys) == 2 * 2 * 2 * 2
    for row in reads:
        assert row["images"] == row["batch_size"] * row["batch_count"]
        assert row["device_bytes"] >= row["bytes_read"] > 0
        assert row["node"]
    (grid,) = [row for row in rows if row["operation"] == "grid"]
    in_one_pass = sum(row["images"] for row in reads)
    assert grid["images"] == in_one_pass
    assert grid["bytes_read"] == sum(row["bytes_read"] for row in reads) == summary.bytes_read
    assert grid["duration_s"] >= max(row["duration_s"] for row in reads)
    # What tells the variants apart: the naive one goes back to the bucket for each average.
    passes = 1 + len(PARAMETERS) if variant == "naive" else 1
    assert summary.facts["images_read_in_all"] == passes * in_one_pass
    assert (summary.items_in, summary.items_out, summary.items_rejected) == (24, 24, 0)
    means = summary.facts["image mean images/s by batch_size"]
    assert isinstance(means, list)
    assert len(means) == 2
    if variant == "optimised":  # of the very rows
        of_rows = [row["images_per_s"] for row in reads if row["format"] == "image" and row["batch_size"] == 2]
        assert means[0] == pytest.approx(sum(of_rows) / len(of_rows))
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress["done"] == progress["total"] == passes * in_one_pass


def test_rejected_images_are_named_once(spark: Any, images: str, tmp_path: Path) -> None:
    open_store(images).write("roses/bad.jpg", b"no picture")
    settings = GRID | {"formats": ["image"], "batch_sizes": [13], "batch_counts": [2]}
    summary, rows = run(tmp_path, images_uri=images, output_uri=f"{images}-tfrecords", **settings)
    assert [item.name for item in summary.rejected] == ["image:roses/bad.jpg"]
    assert (summary.items_in, summary.items_out) == (13, 12)
    assert {(row["images"], row["images_rejected"]) for row in rows if row["operation"] == "read"} == {(24, 2)}


def test_a_damaged_shard_is_named(spark: Any, images: str, tmp_path: Path) -> None:
    config = {"images_uri": images, "output_uri": f"{images}-tfrecords", "formats": ["tfrecord"], **GRID}
    run(tmp_path, **config)
    store = open_store(f"{images}-tfrecords")
    data = store.read("images00-6.tfrec")
    store.write("images00-6.tfrec", data[:40] + bytes([data[40] ^ 1]) + data[41:])
    summary, rows = run(tmp_path, 1, **config)
    assert summary.error is not None
    assert "images00-6.tfrec: damaged: the record at byte 0" in summary.error
    assert "delete it and write the TFRecords again" in summary.error
    assert rows == []


@pytest.mark.parametrize("uri", ["gs://no-such-bucket-here/x", "empty"])
def test_nothing_to_read(spark: Any, bucket: str, tmp_path: Path, uri: str) -> None:
    uri = uri if uri.startswith("gs:") else f"{bucket}/empty"
    summary, _ = run(tmp_path, 1, images_uri=uri, output_uri=f"{bucket}/o")
    assert summary.error is not None
    assert f"no images at {uri}" in summary.error


def test_unknown_variants_are_refused(tmp_path: Path) -> None:
    summary, _ = run(tmp_path, 2, images_uri="images", output_uri="o", variant="fast")
    assert summary.error is not None
    assert "variant: Input should be 'naive' or 'optimised'; received 'fast'" in summary.error


def test_partitions_hold_the_same_work() -> None:
    units = [Unit(Point("image", size, 8), repetition) for size in (16, 32, 64) for repetition in range(5)]
    dealt = deal(units, 4)
    assert sorted(map(id, (unit for part in dealt for unit in part))) == sorted(map(id, units))
    loads = [sum(unit.point.images for unit in part) for part in dealt]
    assert max(loads) - min(loads) <= 64 * 8
    assert len(deal(units[:2], 8)) == 2
