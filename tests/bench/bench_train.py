"""Training waits for input at most 2 % of the steps' time: a whole small model, and one that is tiny and frozen.

Beside it, what validation waits, whose steps are a third as long.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from tests.bench.data import photographs
from tests.bench.harness import Result
from workloads.train import job

AT_MOST = 0.02
EPOCHS = 6  # one to get warm, five that count
MODELS: dict[str, dict[str, object]] = {
    "whole model, 96 pixels, batch 64": {"image_size": 96, "batch_size": 64},
    # Only the last layer learns, at the smallest size: the input is what is most likely to be waited for.
    "tiny frozen model, 32 pixels, batch 64": {"image_size": 32, "batch_size": 64, "trainable": "head"},
}


def measure(folder: Path) -> list[Result]:
    """The median over five epochs of one run of each model."""
    source = photographs(folder)
    return [
        result
        for number, (what, settings) in enumerate(MODELS.items())
        for result in _waiting(folder / f"run{number}", source.uri, what, settings)
    ]


def _waiting(folder: Path, images: str, what: str, settings: dict[str, object]) -> list[Result]:
    folder.mkdir()
    config = {"images_uri": images, "output_uri": str(folder.parent / "out"), "epochs": EPOCHS, **settings}
    (folder / "config.json").write_text(json.dumps(config))
    if job.main(["--config", str(folder / "config.json"), "--out", str(folder)]) != 0:
        raise RuntimeError((folder / "summary.json").read_text())
    rows = [json.loads(line) for line in (folder / "measurements.jsonl").read_text().splitlines()]
    return [_result(rows, operation, what, at_most) for operation, at_most in (("train", AT_MOST), ("validate", None))]


def _result(rows: list[dict[str, Any]], operation: str, what: str, at_most: float | None) -> Result:
    epochs = [row for row in rows if row["operation"] == operation][1:]
    ratios = [row["input_wait_ratio"] for row in epochs]
    return Result(
        what=f"{operation}: share of the steps spent waiting for input, {what}",
        value=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        at_most=at_most,
        runs=len(ratios),
        rates={"images": statistics.median(row["images_per_s"] for row in epochs)},
        profile=[f"epoch {row['epoch']}: {row['input_wait_ratio']:.3%} of {row['duration_s']:.2f} s" for row in epochs],
    )
