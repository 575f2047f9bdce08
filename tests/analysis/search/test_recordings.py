"""Runs of a table become configurations with outcomes."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd

from analysis.search.problem import Objective
from analysis.search.recordings import Recording, load_recordings

COST, TIME = Objective("cost"), Objective("time")


def load(
    folder: Path, frame: pd.DataFrame, objective: Objective = TIME, features: list[str] | None = None
) -> tuple[list[Recording], list[str]]:
    frame.to_csv(folder / "t.csv", index=False)
    return load_recordings(folder / "t.csv", objective, features)


def test_a_missing_feature_is_a_configuration_of_its_own(tmp_path: Path) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": [2, 4, 2, 4, 2], "disk": [None, "ssd", "ssd", None, None]})
    (one,), _ = load(tmp_path, frame.assign(runtime_s=[1.0, 2, 3, 4, 5]))
    assert one.candidates.features["disk"].isna().tolist() == [True, False, False, True]
    assert [outcome.values["runtime_s"] for outcome in one.outcomes] == [3, 2, 3, 4]


def test_thousands_of_configurations_are_read_in_a_moment(tmp_path: Path) -> None:
    n = 4000
    frame = pd.DataFrame({"workload": ["a"] * n + ["b"] * n, "nodes": [*range(1, n + 1)] * 2})
    frame = frame.assign(vcpus=4, runtime_s=1000 / frame["nodes"], cost_usd=1.0, m_cpu_pct=50.0)
    began = time.process_time()
    found, _ = load(tmp_path, frame, COST)
    assert time.process_time() - began < 5
    assert [len(recording.candidates) for recording in found] == [n, n]
