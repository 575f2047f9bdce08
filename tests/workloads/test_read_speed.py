"""Reading throughput, from image files and TFRecords, bucket and staged."""

from __future__ import annotations

import json
import mmap
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.workloads.pictures import encode, gradient
from tests.support.workloads.reading import fill, run
from workloads.errors import DatasetError
from workloads.read_speed import readers, staging
from workloads.read_speed.staging import evict
from workloads.shards import MANIFEST, list_shards
from workloads.storage import Folder, open_store


def test_the_whole_grid_is_measured(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_NODE_DISK", str(tmp_path / "disk"))
    monkeypatch.setenv("BAKEOFF_PROGRESS", str(tmp_path / "progress.json"))
    sizes = fill(open_store(f"{bucket}/images"))
    summary, rows = run(
        tmp_path,
        images_uri=f"{bucket}/images",
        output_uri=f"{bucket}/tfrecords",
        sources=["bucket", "staged"],
        caches=["cold", "warm"],
        batch_sizes=[2, 4],
        batch_counts=[1, 3],
        repetitions=2,
        shards=4,
    )
    reads = [row for row in rows if row["operation"] == "read"]
    points = {
        tuple(row[key] for key in ("format", "source", "batch_size", "batch_count", "repetition")) for row in reads
    }
    assert len(points) == 2 * 2 * 2 * 2 * 2
    assert len(reads) == 2 * 3 * 2 * 2 * 2  # bucket, staged cold, staged warm
    for row in reads:
        assert row["images"] == row["batch_size"] * row["batch_count"]
        assert row["images_per_s"] == pytest.approx(row["images"] / row["duration_s"])
        assert row["bytes_read"] > 0
        assert row["cache"] == "unknown" if row["source"] == "bucket" else row["cache"] in ("cold", "warm", "unknown")
    assert {row["cache"] for row in reads if row["source"] == "staged"} >= {"warm"}
    whole = [row for row in reads if row["format"] == "image" and row["images"] == 12]
    assert {row["bytes_read"] for row in whole} == {sum(sizes)}
    stages = {row["format"]: row for row in rows if row["operation"] == "stage"}
    assert stages["image"]["bytes_written"] == sum(sizes)
    assert set(stages) == {"image", "tfrecord"}
    assert (summary.items_in, summary.items_out, summary.items_rejected) == (24, 24, 0)
    assert list((tmp_path / "disk").iterdir()) == []
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress["done"] == progress["total"] == sum(row["images"] for row in reads)


def test_points_larger_than_the_set_start_over(tmp_path: Path) -> None:
    sizes = fill(Folder(tmp_path / "images"), 5)
    summary, rows = run(
        tmp_path,
        images_uri=str(tmp_path / "images"),
        output_uri=str(tmp_path / "tfrecords"),
        batch_sizes=[10],
        batch_counts=[2],
        repetitions=1,
        concurrency=3,
    )
    assert {row["format"]: row["images"] for row in rows} == {"image": 20, "tfrecord": 20}
    assert next(row["bytes_read"] for row in rows if row["format"] == "image") == 4 * sum(sizes)
    assert {row["source"] for row in rows} == {"folder"}
    assert summary.items_in == 10
    assert any("start over" in note for note in summary.notes)


def test_rejected_images_are_named_once_and_counted_each_time(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "images")
    fill(folder, 3)
    folder.write("roses/bad.jpg", b"")
    summary, rows = run(
        tmp_path,
        images_uri=folder.uri,
        output_uri=str(tmp_path / "tfrecords"),
        batch_sizes=[4],
        batch_counts=[2],
        repetitions=2,
    )
    assert [(item.name, item.reason) for item in summary.rejected] == [("image:roses/bad.jpg", "empty file")]
    for row in rows:
        assert (row["images"], row["images_rejected"]) == ((6, 2) if row["format"] == "image" else (8, 0))
    assert any("not in the TFRecords: roses/bad.jpg: empty file" in note for note in summary.notes)


def test_prepared_tfrecords_are_reused_only_if_they_are_the_same(tmp_path: Path) -> None:
    folder, output = Folder(tmp_path / "images"), Folder(tmp_path / "tfrecords")
    fill(folder)
    grid: dict[str, Any] = {
        "batch_sizes": [2],
        "batch_counts": [1],
        "repetitions": 1,
        "formats": ["tfrecord"],
        "shards": 3,
    }
    config: dict[str, Any] = {"images_uri": folder.uri, "output_uri": output.uri, **grid}
    first, _ = run(tmp_path, **config)
    written = {name: (output.path / name).stat().st_mtime_ns for name in list_shards(output)}
    second, _ = run(tmp_path, **config)
    assert any("first written" in note for note in first.notes)
    assert any("already at" in note for note in second.notes)
    assert {name: (output.path / name).stat().st_mtime_ns for name in list_shards(output)} == written
    folder.write("roses/one more.jpg", encode(gradient()))
    third, _ = run(tmp_path, **config)
    assert any("first written" in note for note in third.notes)
    assert sorted(list_shards(output)) == ["images00-5.tfrec", "images01-4.tfrec", "images02-4.tfrec"]


def test_given_tfrecords_are_read_with_or_without_manifest(tmp_path: Path) -> None:
    folder, output = Folder(tmp_path / "images"), Folder(tmp_path / "tfrecords")
    fill(folder)
    grid: dict[str, Any] = {"batch_sizes": [2], "batch_counts": [1], "repetitions": 1, "formats": ["tfrecord"]}
    config: dict[str, Any] = {"images_uri": folder.uri, "output_uri": output.uri, **grid}
    run(tmp_path, **config)
    output.delete(MANIFEST)
    config |= {"tfrecords_uri": output.uri, "output_uri": str(tmp_path / "unused")}
    summary, rows = run(tmp_path, **config)
    assert any("no manifest" in note for note in summary.notes)
    assert rows[0]["images"] == 2
    for name in list_shards(output):
        data = bytearray(output.read(name))
        data[40] ^= 1
        output.write(name, bytes(data))
    summary, rows = run(tmp_path, 1, **config)
    assert summary.status == "failed"
    assert summary.error is not None
    assert "does not match its checksum" in summary.error
    assert rows == []


def test_a_damaged_shard_is_named_and_its_cure_works(tmp_path: Path) -> None:
    folder, output = Folder(tmp_path / "images"), Folder(tmp_path / "tfrecords")
    fill(folder)
    config: dict[str, Any] = {"images_uri": folder.uri, "output_uri": output.uri, "formats": ["tfrecord"], "shards": 2}
    config |= {"batch_sizes": [12], "batch_counts": [1], "repetitions": 1}
    run(tmp_path, **config)
    sound = output.read("images01-6.tfrec")
    output.write("images01-6.tfrec", sound[:40] + bytes([sound[40] ^ 1]) + sound[41:])
    summary, _ = run(tmp_path, 1, **config)
    assert summary.error is not None
    assert f"{output.uri}/images01-6.tfrec: damaged" in summary.error
    assert summary.error.endswith("delete it and write the TFRecords again")
    for damage in (lambda: output.delete("images01-6.tfrec"), lambda: output.write("images01-6.tfrec", sound[:-7])):
        damage()
        summary, _ = run(tmp_path, **config)
        assert any("first written" in note for note in summary.notes)
        assert output.read("images01-6.tfrec") == sound


def test_a_shard_that_the_manifest_lists_must_be_there(tmp_path: Path) -> None:
    folder, output = Folder(tmp_path / "images"), Folder(tmp_path / "tfrecords")
    fill(folder)
    config: dict[str, Any] = {"images_uri": folder.uri, "output_uri": output.uri, "batch_sizes": [2], "shards": 2}
    run(tmp_path, **config, batch_counts=[1], repetitions=1)
    output.delete("images01-6.tfrec")
    summary, _ = run(tmp_path, 1, **config, tfrecords_uri=output.uri)
    assert summary.error is not None
    assert "['images01-6.tfrec'] are in the manifest, but not there" in summary.error


def test_staging_needs_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEOFF_NODE_DISK", raising=False)
    fill(Folder(tmp_path / "images"), 1)
    config: dict[str, Any] = {
        "images_uri": str(tmp_path / "images"),
        "output_uri": str(tmp_path / "o"),
        "sources": ["staged"],
    }
    summary, _ = run(tmp_path, 2, **config)
    assert summary.error is not None
    assert "set BAKEOFF_NODE_DISK or staging_folder" in summary.error


def test_without_decoding_nothing_is_rejected(tmp_path: Path) -> None:
    Folder(tmp_path / "images").write("roses/text.jpg", b"text")
    config: dict[str, Any] = {
        "images_uri": str(tmp_path / "images"),
        "output_uri": str(tmp_path / "o"),
        "formats": ["image"],
    }
    _, rows = run(tmp_path, **config, decode=False, batch_sizes=[1], batch_counts=[1], repetitions=1)
    assert (rows[0]["images"], rows[0]["bytes_read"]) == (1, 4)


def test_tfrecords_without_a_record(tmp_path: Path) -> None:
    Folder(tmp_path / "images").write("roses/text.jpg", b"text")
    config: dict[str, Any] = {
        "images_uri": str(tmp_path / "images"),
        "output_uri": str(tmp_path / "o"),
        "formats": ["tfrecord"],
    }
    summary, _ = run(tmp_path, 1, **config)
    assert summary.error is not None
    assert DatasetError.__name__ not in summary.error
    assert "no TFRecord shards" in summary.error


def test_eviction_is_checked(tmp_path: Path) -> None:
    Folder(tmp_path).write("x", b"x" * 100_000)
    with (tmp_path / "x").open("rb") as file:
        os.fsync(file.fileno())
    assert staging.resident_pages(tmp_path / "x") == (25, 25)
    with (tmp_path / "x").open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert mapped[-1] == ord("x")  # pages in use cannot be dropped
        assert evict(tmp_path, ["x"]) is False
    if evict(tmp_path, ["x"]):  # not so on a file system that lives in memory
        assert staging.resident_pages(tmp_path / "x") == (0, 25)
        (tmp_path / "x").read_bytes()
        assert staging.resident_pages(tmp_path / "x") == (25, 25)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_share_every_batch(tmp_path: Path, processes: int) -> None:
    sizes = fill(Folder(tmp_path / "images"), 12)
    where: dict[str, Any] = {"images_uri": str(tmp_path / "images"), "output_uri": str(tmp_path / "o")}
    grid: dict[str, Any] = {"batch_sizes": [5], "batch_counts": [3], "repetitions": 1, "shards": 2}
    summary, rows = run(tmp_path, **where, **grid, processes=processes)
    image, tfrecord = sorted(rows, key=lambda row: row["format"])
    assert image["images"] == tfrecord["images"] == 15
    assert sum(sizes) < image["bytes_read"] < 2 * sum(sizes)
    assert summary.facts["processes"] == processes


def test_a_killed_reader_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(Folder(tmp_path / "images"), 4)
    monkeypatch.setattr(readers, "decode_square", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    where = {"images_uri": str(tmp_path / "images"), "output_uri": str(tmp_path / "o")}
    summary, _ = run(tmp_path, 1, **where, formats=["image"], processes=2)
    assert summary.error is not None
    assert "a reader process was killed" in summary.error
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    "setting", [{"batch_sizes": [0]}, {"batch_counts": [-1]}, {"repetitions": 0}, {"batch_sizes": []}, {"shards": 0}]
)
def test_grid_values_out_of_range_are_named(tmp_path: Path, setting: dict[str, Any]) -> None:
    summary, _ = run(tmp_path, 2, images_uri="images", output_uri="o", **setting)
    assert summary.error is not None
    ((name, value),) = setting.items()
    assert name in summary.error
    assert str(value[0] if isinstance(value, list) and value else value) in summary.error
