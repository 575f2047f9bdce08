"""Serving, with random weights and with a model that train wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.workloads.faults import Faults, through
from tests.support.workloads.jobs import SMALL, images, run
from workloads.storage import Folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LOAD: dict[str, Any] = {
    "first_rate_s": 4,
    "rate_factor": 4,
    "max_steps": 3,
    "step_s": 1.5,
    "refinements": 1,
    "threads": 1,
}


def test_the_rate_steps_up_until_the_goal_is_missed(tmp_path: Path) -> None:
    source = images(tmp_path / "images", 8)
    Folder(tmp_path / "images").write("daisy/broken.jpg", b"no picture")
    summary, rows = run(
        tmp_path, "serve", images_uri=source, output_uri=str(tmp_path / "out"), image_size=32, batch_sizes=[1, 4],
        latency_goal_s=0.25, **{**LOAD, "max_steps": 8},
    )  # fmt: skip
    assert (summary.items_in, summary.items_out, summary.items_rejected) == (9, 8, 1)
    assert summary.facts["weights"] == "random"
    assert any("weights: random, there is no" in note for note in summary.notes)
    for batch_size in (1, 4):
        mine = [row for row in rows if row["batch_size"] == batch_size]
        for row in mine:
            assert 0 < row["latency_p50_s"] <= row["latency_p95_s"] <= row["latency_p99_s"]
            assert not row["sustained"] or row["latency_p99_s"] <= 0.25
        met = [row["offered_rate_s"] for row in mine if row["sustained"]]
        assert summary.facts[f"highest_rate_s_batch_{batch_size}"] == max(met, default=None)
        assert not all(row["sustained"] for row in mine)  # 65,536 requests/s is more than any machine here answers


def test_a_trained_model_is_found_beside_the_output(
    tmp_path: Path, object_store: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By way of an object store that refuses a part of the requests."""
    source, faults = images(tmp_path / "images"), Faults(refused=0.1)
    with through(monkeypatch, object_store, faults):
        run(tmp_path / "t", "train", images_uri=source, output_uri=f"{bucket}/train", epochs=1, batch_size=8, **SMALL)
        assert faults.done["refused"] > 0
        summary, rows = run(
            tmp_path / "s", "serve", images_uri=source, output_uri=f"{bucket}/serve", batch_sizes=[2], latency_goal_s=5,
            **LOAD,
        )  # fmt: skip
    assert summary.facts["weights"] == f"{bucket}/train/model.npz"
    assert rows[0]["images"] == rows[0]["offered_rate_s"] * 1.5 * 2
