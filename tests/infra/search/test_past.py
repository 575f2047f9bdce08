"""What records say of other workloads: by shape as it is, repeats together, failures kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.search.core.ranking import match_candidates
from infra.search.past import load_past, to_candidates
from tests.support.analysis.factory import SHAPES, run_json

PLAIN = SHAPES["four-small-ssd"]


def written(runs: Path, name: str, change: dict[str, Any] | None = None, **fields: Any) -> None:
    record = run_json(**{"workload": "read_speed", **fields})
    record["scenario"] |= change or {}
    (runs / "demo" / name).mkdir(parents=True)
    (runs / "demo" / name / "run.json").write_text(json.dumps(record))


def test_spot_workers_and_accelerators_make_another_shape(tmp_path: Path) -> None:
    changed: tuple[dict[str, Any], ...] = (
        {},
        {"spot_workers": 2},
        {"accelerator_type": "nvidia-tesla-t4", "accelerator_count": 1},
    )
    for number, change in enumerate(changed):
        written(tmp_path, f"r{number}", change, run_s=10.0 * (number + 1))
    (past,) = load_past(tmp_path, "write_tfrecords", "local")
    at = match_candidates(past, to_candidates([PLAIN]))
    assert [past.outcomes[i].values["runtime_s"] for i in at if i is not None] == [10.0]
    assert len(past.candidates) == 3


def test_repeats_count_as_their_median_and_as_failed_where_most_failed(tmp_path: Path) -> None:
    for repeat, seconds in enumerate((10.0, 12.0, 50.0)):
        written(tmp_path, f"well-{repeat}", repeat=repeat, run_s=seconds)
    written(tmp_path, "well-3", repeat=3, status="failed")
    for repeat, status in enumerate(("failed", "timed_out", "ok")):
        written(tmp_path, f"ill-{repeat}", scenario="one-large-ssd", repeat=repeat, status=status)
    (past,) = load_past(tmp_path, "write_tfrecords", "local")
    four, one = (
        past.outcomes[i]
        for i in match_candidates(past, to_candidates([PLAIN, SHAPES["one-large-ssd"]]))
        if i is not None
    )
    assert four.values["runtime_s"] == 12.0
    assert one.status == "timed_out"


@pytest.mark.parametrize(
    "fields",
    [{"workload": "write_tfrecords"}, {"target": "gcp"}, {"status": "invalid"}],
    ids=["the workload searched for", "another target", "invalid"],
)
def test_what_is_no_past(tmp_path: Path, fields: dict[str, Any]) -> None:
    written(tmp_path, "r", **fields)
    assert load_past(tmp_path, "write_tfrecords", "local") == ()


def test_damaged_records_are_left_out(tmp_path: Path) -> None:
    written(tmp_path, "good")
    (tmp_path / "demo" / "bad").mkdir()
    (tmp_path / "demo" / "bad" / "run.json").write_text("{")
    assert len(load_past(tmp_path, "write_tfrecords", "local")) == 1
