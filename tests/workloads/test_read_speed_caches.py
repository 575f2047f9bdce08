"""Whether a read came from where it is said to: disk, memory or network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.workloads.reading import fill, run
from workloads.read_speed import caches, counters
from workloads.record import Summary
from workloads.storage import Folder, open_store

STAGED: dict[str, Any] = {"sources": ["staged"], "batch_sizes": [4], "batch_counts": [2], "repetitions": 1}


def staged(tmp_path: Path, code: int = 0, **more: Any) -> tuple[Summary, list[dict[str, Any]]]:
    fill(Folder(tmp_path / "images"), 8)
    where = {"images_uri": str(tmp_path / "images"), "output_uri": str(tmp_path / "o")}
    summary, rows = run(tmp_path, code, **where, **STAGED, staging_folder=str(tmp_path / "disk"), **more)
    return summary, [row for row in rows if row["operation"] == "read"]


@pytest.mark.parametrize("gone", [False, None])
def test_only_what_is_known_to_be_cold_is_called_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool | None
) -> None:
    monkeypatch.setattr(caches, "evict", lambda *_: gone)
    summary, (row,) = staged(tmp_path, formats=["image"])
    assert row["cache"] == "unknown"
    assert any(note.startswith("cache:") for note in summary.notes)


def test_cold_reads_come_from_the_disk_by_its_own_count(tmp_path: Path) -> None:
    summary, rows = staged(tmp_path, caches=["cold", "warm"])
    for row in rows:
        if row["cache"] == "cold":
            assert row["device_bytes"] >= 0.9 * row["bytes_read"]
        if row["cache"] == "warm":
            assert row["device_bytes"] <= 0.1 * row["bytes_read"]
    if "unknown" in {
        row["cache"] for row in rows
    }:  # a file system that lives in memory, or a kernel that counts nothing
        assert any(note.startswith("cache:") for note in summary.notes)


def test_a_cold_read_that_was_served_from_memory_is_invalid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "evict", lambda *_: True)  # says so, and does nothing
    summary, rows = staged(tmp_path, 1, formats=["image"])
    assert summary.status == "invalid"
    assert summary.error is not None
    # As good as nothing: the process may have read a page of something else meanwhile.
    assert re.search(r"was to be read cold, but the disk delivered [\d,]+ of", summary.error)
    assert rows == []


def test_a_kernel_that_does_not_count_lets_nothing_be_called_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "disk_read_bytes", lambda: None)
    summary, (row,) = staged(tmp_path, formats=["image"])
    assert (row["cache"], row["device_bytes"]) == ("unknown", None)
    assert any("/proc/self/io" in note or note.startswith("cache:") for note in summary.notes)


def test_a_bucket_must_have_come_over_the_network(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(open_store(f"{bucket}/images"), 4)
    config: dict[str, Any] = {"images_uri": f"{bucket}/images", "output_uri": f"{bucket}/o", "formats": ["image"]}
    grid: dict[str, Any] = {"batch_sizes": [2], "batch_counts": [2], "repetitions": 1}
    _, (row,) = run(tmp_path, **config, **grid)
    assert row["device_bytes"] >= row["bytes_read"] > 0
    monkeypatch.setattr(counters, "network_received_bytes", lambda: 7)
    monkeypatch.setattr(caches, "network_received_bytes", lambda: 7)
    summary, rows = run(tmp_path, 1, **config, **grid)
    assert (summary.status, rows) == ("invalid", [])
    assert summary.error is not None
    assert "the network delivered only 0" in summary.error
