"""Adaptive repeats on a real cluster: past the least number of repeats while the metric is not known, and resumed for nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.compare.stopping import half_width
from tests.support import bakeoff

pytestmark = pytest.mark.xdist_group("host")  # clusters

EXPERIMENT = """
name = "adaptive"
scenarios = ["one-large-ssd"]
repeats = 5
repeat_level = "attempt"
timeout_s = 120
[data]
count = 40
[adaptive]
metric = "run_s"
width = 0.0001
max_repeats = 6
[[workloads]]
name = "read_speed"
config = { batch_sizes = [8], batch_counts = [1], repetitions = 1 }
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_it_repeats_until_the_budget_is_spent_and_says_why(tmp_path: Path) -> None:
    spec, runs = tmp_path / "adaptive.toml", tmp_path / "runs"
    spec.write_text(EXPERIMENT)
    rows = bakeoff.run_json(runs, "bench", str(spec))
    assert [row["status"] for row in rows] == ["ok"] * 6
    records = [json.loads((Path(row["record"]) / "run.json").read_text()) for row in rows]
    assert len({record["lease"] for record in records}) == 1
    told = json.loads((runs / "adaptive" / "stopping.json").read_text())
    assert [(one["repeats"], one["stop"]) for one in told] == [(5, False), (6, True)]
    assert "the budget of 6 repeats is spent" in told[-1]["reason"]
    (group,) = told[-1]["groups"]
    times = [record["stages"]["run_s"] for record in sorted(records, key=lambda record: record["started_at"])]
    assert group["n"] + group["warm_up"] == 6
    assert group["half_width"] == pytest.approx(half_width(times[group["warm_up"] :]))
    again = bakeoff.run_json(runs, "bench", str(spec))
    assert {row["record"] for row in again} == {row["record"] for row in rows}
    assert len(list((runs / "adaptive").glob("*/run.json"))) == 6
