"""The job ``read_speed`` in the tests' own process, and images for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workloads.generate import draw
from workloads.read_speed import job
from workloads.record import MEASUREMENT_COLUMNS, Summary
from workloads.storage import Store


def run(tmp_path: Path, code: int = 0, **config: Any) -> tuple[Summary, list[dict[str, Any]]]:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    out = tmp_path / "results"
    assert job.main(["--config", str(path), "--out", str(out)]) == code
    rows = [json.loads(line) for line in (out / "measurements.jsonl").read_text().splitlines()]
    columns = {column.name for column in MEASUREMENT_COLUMNS}
    assert all(set(row) <= columns for row in rows)
    return Summary.model_validate_json((out / "summary.json").read_text()), rows


def fill(store: Store, count: int = 12) -> list[int]:
    return [store.write(*draw(index, seed=3)) for index in range(count)]
