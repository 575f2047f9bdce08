"""Runs become configurations with outcomes: failures are kept and paid for, and nothing is merged in silence."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.errors import SearchError
from analysis.search.core.problem import Limit, Objective
from analysis.search.core.recordings import Recording, load_recordings
from analysis.search.replay import tournament
from analysis.search.replay.follow import judgeable
from infra.cli.app import app
from tests.support.analysis.recorded import table

COST, TIME, WEIGHTED, REQUESTS = (Objective(name) for name in ("cost", "time", "weighted", "requests"))


def load(
    folder: Path, frame: pd.DataFrame, objective: Objective = TIME, features: list[str] | None = None
) -> tuple[list[Recording], list[str]]:
    frame.to_csv(folder / "t.csv", index=False)
    return load_recordings(folder / "t.csv", objective, features)


def settings() -> pd.DataFrame:
    """Three node counts, each with three settings that no name gives away, on two workloads."""
    rows = [(w, n, m) for w in ("a", "b") for n in (2, 4, 8) for m in (1, 4, 8)]
    frame = pd.DataFrame(rows, columns=["workload", "nodes", "spark_executor_mem_gb"])
    return frame.assign(runtime_s=np.arange(1, 19) + 0.5, run=[1, 2, 3] * 6, gc_ms=np.arange(18) * 1.7)


def test_a_setting_among_repeats_is_pointed_out(tmp_path: Path) -> None:
    (first, _), (note,) = load(tmp_path, settings())
    assert len(first.candidates) == 3
    assert (
        "18 rows are taken for repeats of 6 configurations; column(s) spark_executor_mem_gb differ among them" in note
    )
    assert "--features nodes,spark_executor_mem_gb" in note
    (first, _), notes = load(tmp_path, settings(), features=["nodes", "spark_executor_mem_gb"])
    assert (len(first.candidates), notes) == (9, [])


@pytest.mark.parametrize("name", ["disk_index", "user_memory_gb", "log_level", "end_to_end_encryption"])
def test_one_word_of_a_name_does_not_hide_a_setting(tmp_path: Path, name: str) -> None:
    _, (note,) = load(tmp_path, settings().rename(columns={"spark_executor_mem_gb": name}))
    assert f"column(s) {name} differ among them: name them with --features" in note


@pytest.mark.parametrize("name", ["max_executors", "m_level"])
def test_a_setting_that_is_named_as_a_metric_is_to_be_renamed(tmp_path: Path, name: str) -> None:
    frame = settings().rename(columns={"spark_executor_mem_gb": name})
    _, (note,) = load(tmp_path, frame.assign(max_load=frame[name] + 0.5))
    assert note.endswith(
        f"6 configurations; column(s) {name} differ among them and count as what a run showed, as m_* and max_* do: rename "
        "them if they are settings"
    )


def test_repeats_that_differ_in_what_they_measured_are_not_pointed_out(tmp_path: Path) -> None:
    frame = settings().rename(columns={"spark_executor_mem_gb": "repeat"})
    frame = frame.assign(started=frame["repeat"], timestamp=frame["repeat"], input_bytes=np.arange(18) + 10**9)
    frame = frame.assign(
        index=frame["repeat"], user=frame["repeat"], driver_host=frame["repeat"], log_2=frame["repeat"]
    )
    assert load(tmp_path, frame)[1] == []


def crashed(values: dict[str, list[float | None]]) -> pd.DataFrame:
    """Two workloads on four clusters; the third and fourth of the first failed and left what is given."""
    frame = pd.DataFrame(
        {
            "workload": ["a"] * 4 + ["b"] * 4, "nodes": [2, 4, 8, 16] * 2, "instance_type": "m.large",
            "completed": [True, True, False, False] + [True] * 4, "runtime_s": [100.0, 70.0, 0, 0, 50.0, 30.0, 20.0, 15.0],
        }
    )  # fmt: skip
    frame["cost_usd"] = frame["runtime_s"] * frame["nodes"] / 3600
    frame["requests_per_usd"] = [10.0, 5.0, 0, 0, 4.0, 3.0, 2.0, 1.0]
    for name, left in values.items():
        frame[name] = frame[name].astype(object)
        frame.loc[[2, 3], name] = left
    return frame


@pytest.mark.parametrize("left", [[None, None], [0, None], [0, 0], [-1, "crashed"]])
@pytest.mark.parametrize(
    ("objective", "columns", "dearest"),
    [
        (COST, ["cost_usd"], 280 / 3600),
        (TIME, ["runtime_s"], 100.0),
        (WEIGHTED, ["cost_usd", "runtime_s"], (200 / 3600 * 100) ** 0.5),
        (REQUESTS, ["requests_per_usd"], 1 / 5),
    ],
)
def test_failed_runs_count_as_the_dearest_where_they_left_nothing(
    tmp_path: Path, objective: Objective, columns: list[str], dearest: float, left: list[float | None]
) -> None:
    found, notes = load(
        tmp_path, crashed(dict.fromkeys(("cost_usd", "runtime_s", "requests_per_usd"), left)), objective
    )
    assert [outcome.status for outcome in found[0].outcomes] == ["ok", "ok", "failed", "failed"]
    assert [objective.value(outcome) for outcome in found[0].outcomes[2:]] == pytest.approx([dearest] * 2)
    assert found[0].candidates.usd_per_hour == pytest.approx((2, 4, 8, 16))
    word = "longest" if objective == TIME else "dearest"
    assert notes == [
        f"2 failed runs have no {' or no '.join(columns)}: each counts as much as the {word} run of its workload that ended well"
    ]
    result = tournament.play(["exhaustive", "random"], found, found, objective, seeds=1)
    values = [objective.value(outcome) for outcome in found[0].outcomes]
    assert result.rows[0].score.search_cost == pytest.approx(sum(values) / min(values[:2]))


def test_a_failed_run_that_left_its_price_counts_that(tmp_path: Path) -> None:
    found, (note,) = load(tmp_path, crashed({"cost_usd": [0.5, None]}), COST)
    assert [outcome.values["cost_usd"] for outcome in found[0].outcomes[2:]] == pytest.approx([0.5, 280 / 3600])
    assert note.startswith("1 failed run has no cost_usd:")


@pytest.mark.parametrize("objective", [COST, WEIGHTED])
def test_a_failed_run_that_left_its_time_costs_as_long_as_it_took(tmp_path: Path, objective: Objective) -> None:
    found, notes = load(tmp_path, crashed({"cost_usd": [None, None], "runtime_s": [7200.0, 5.0]}), objective)
    assert [outcome.values["cost_usd"] for outcome in found[0].outcomes[2:]] == pytest.approx([2 * 8, 16 * 5 / 3600])
    assert notes == []


def test_a_failed_run_of_which_half_is_known_counts_as_the_dearest(tmp_path: Path) -> None:
    found, (note,) = load(tmp_path, crashed({"cost_usd": [0.01, 0.01]}), WEIGHTED)
    assert [WEIGHTED.value(outcome) for outcome in found[0].outcomes[2:]] == pytest.approx(
        [(200 / 3600 * 100) ** 0.5] * 2
    )
    assert note.startswith("2 failed runs have no")


def test_a_failed_repeat_that_is_outvoted_is_not_counted(tmp_path: Path) -> None:
    frame = pd.concat([crashed({"cost_usd": [0.5, 0.5]}), crashed({"cost_usd": [0.5, 0.5]})]).astype({"nodes": int})
    again = frame.iloc[[0]].assign(completed=False, cost_usd=None)
    assert load(tmp_path, pd.concat([frame, again]), COST)[1] == []


def test_a_workload_of_failures_only_is_left_out(tmp_path: Path) -> None:
    frame = crashed({"cost_usd": [None, None]})
    frame.loc[[0, 1], ["completed", "cost_usd"]] = False, None
    found, notes = load(tmp_path, frame, COST)
    assert [len(recording.candidates) for recording in found] == [4, 4]
    assert notes == []
    kept, left_out = judgeable(found, COST)
    assert [recording.workload for recording in kept] == ["b"]
    assert "a: no run ended well" in left_out[0]
    assert tournament.play(["fixed", "paris", "scout", "bakeoff"], kept, found, COST, seeds=1).rows


@pytest.mark.parametrize("keys", [["instance_type"], ["vcpus", "mem_gib"]])
def test_a_price_that_changes_tells_no_configurations_apart(tmp_path: Path, keys: list[str]) -> None:
    rng = np.random.default_rng(0)
    frame = pd.concat([table(fail=False).drop(columns="cost_usd")] * 3, ignore_index=True)
    frame = frame[["workload", "app", "nodes", *keys, "price_node_h", "runtime_s"]]
    frame["price_node_h"] *= rng.uniform(0.95, 1.05, len(frame))
    found, (note,) = load(tmp_path, frame, COST)
    assert {len(recording.candidates) for recording in found} == {24}
    assert "price_node_h of one configuration changes by up to 10 %" in note
    assert "price_node_h" not in found[0].candidates.features
    same = frame[(frame["workload"] == found[0].workload) & (frame["nodes"] == 2)]["price_node_h"]
    assert found[0].candidates.usd_per_hour is not None
    assert found[0].candidates.usd_per_hour[0] == pytest.approx(2 * same.iloc[[0, 4, 8]].median())
    asked = load(tmp_path, frame, COST, ["nodes", *keys, "price_node_h"])[0]
    assert {len(recording.candidates) for recording in asked} == {72}


def test_a_price_that_differs_in_the_last_digits_is_said_to(tmp_path: Path) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": 2, "vm": "m", "price_node_h": [0.1, 0.10000000001], "runtime_s": 9})
    (one,), (note,) = load(tmp_path, frame)
    assert len(one.candidates) == 1
    assert "changes by up to 1e-08 %:" in note


def test_a_price_that_is_all_there_is_tells_machines_apart(tmp_path: Path) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": [2, 2, 4, 4], "price_node_h": [0.1, 0.2] * 2, "runtime_s": 10.0})
    (one,), notes = load(tmp_path, frame, COST)
    assert (len(one.candidates), notes) == (4, [])


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


def test_an_option_that_leaves_no_workload_is_named(tmp_path: Path) -> None:
    found, _ = load(tmp_path, table(), COST)
    with pytest.raises(
        SearchError, match=r"at least 1000 candidates.*longest has 24 candidates.*smaller --min-candidates"
    ):
        judgeable(found, COST, 1000)
    impossible = Objective("cost", (Limit("runtime_s", "at most", 0.1),))
    with pytest.raises(SearchError, match="Loosen the limit"):
        judgeable(found, impossible, 1000)


def test_replay_goes_on_past_runs_that_left_nothing(tmp_path: Path) -> None:
    frame = table().assign(cost_usd=lambda t: t["cost_usd"].where(t["completed"]))
    frame["runtime_s"] = frame["runtime_s"].where(frame["completed"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    for objective in ("cost", "time", "weighted"):
        asked = ["--objective", objective, "--strategies", "exhaustive,random,fixed"]
        result = CliRunner().invoke(app, ["replay", "--data", str(tmp_path / "t.csv"), *asked])
        assert result.exit_code == 0, result.exception
        assert "failed runs have no" in result.stderr
