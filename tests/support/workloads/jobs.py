"""Run a job of this room as a user would, on a small set of generated images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from workloads.generate import draw
from workloads.record import MEASUREMENT_COLUMNS, Summary
from workloads.storage import Folder

ROOT = Path(__file__).resolve().parents[3]
SMALL: dict[str, Any] = {
    "image_size": 32,
    "source_size": 48,
    "shards": 2,
    "threads": 1,
    "validation_ratio": 0.3,
    "seed": 1,
}
PLAIN: dict[str, Any] = {"augment": False, "shuffle": False, "dropout": 0.0}  # what one device and several do alike
Rows = list[dict[str, Any]]


def images(folder: Path, count: int = 48) -> str:
    store = Folder(folder)
    for index in range(count):
        store.write(*draw(index, seed=5))
    return store.uri


def start(folder: Path, workload: str, environment: dict[str, str] | None = None, **config: Any) -> Any:
    """A job as a process; its results will lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", f"workloads.{workload}.job", "--config", str(folder / "config.json")]
    return subprocess.Popen(
        [*command, "--out", str(folder / "results")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "stderr").open("wb"),
    )


def results(folder: Path) -> tuple[Summary, Rows]:
    rows = [json.loads(line) for line in (folder / "measurements.jsonl").read_text().splitlines()]
    columns = {column.name for column in MEASUREMENT_COLUMNS}
    assert all(set(row) <= columns for row in rows)
    return Summary.model_validate_json((folder / "summary.json").read_text()), rows


def run(folder: Path, workload: str, code: int = 0, **config: Any) -> tuple[Summary, Rows]:
    process = start(folder, workload, **config)
    try:
        assert process.wait(800) == code, (folder / "stderr").read_text()
    finally:
        process.kill()
        process.wait()
    return results(folder / "results")


def losses(rows: Rows, operation: str = "train") -> list[float]:
    return [row["loss"] for row in rows if row["operation"] == operation]
