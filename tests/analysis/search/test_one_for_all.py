"""One configuration for a set: close to the best single one, in far fewer runs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from analysis.errors import SearchError
from analysis.search.core.problem import Candidates, Objective, Outcome
from analysis.search.core.recordings import Recording
from analysis.search.replay.one_for_all import Shared, one_for_all
from analysis.search.strategies.micky import Bandit
from infra.base.errors import UsageError
from infra.cli.app import app
from tests.support.analysis.recorded import recordings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


def test_it_is_near_the_best_single_one_and_measures_a_fraction(folder: Path) -> None:
    found = recordings(folder)
    for seed in range(3):
        shared = one_for_all(found, Objective(), seed)
        assert shared.pulls == 24 + 4
        assert shared.exhaustive == 24 * 8
        assert shared.mean_loss < 1.6 * shared.best_possible[1]
        assert min(shared.losses.values()) >= 1
        assert len(shared.losses) == 8


def test_the_bandit_tries_every_arm_once_and_then_the_promising_ones() -> None:
    bandit = Bandit(workloads=12, arms=5, seed=1)
    while (pull := bandit.ask()) is not None:
        workload, arm = pull
        bandit.tell(workload, arm, 0.1 * workload + abs(arm - 3) * 0.5)
    assert sorted(p.arm for p in bandit.pulls[:5]) == [0, 1, 2, 3, 4]
    assert len(bandit.pulls) == 5 + 6
    assert bandit.choice() == 3
    assert len({(p.workload, p.arm) for p in bandit.pulls}) == 11


def test_one_workload_is_no_set(folder: Path) -> None:
    with pytest.raises(SearchError, match="at least two workloads; received 1"):
        one_for_all(recordings(folder)[:1], Objective())


def test_values_that_compare_no_two_shapes_are_no_choice() -> None:
    """Each workload ends well on one shape alone; with this seed the first round meets just those."""
    candidates = Candidates(tuple(f"s{i}" for i in range(4)), pd.DataFrame({"nodes": range(4)}))
    found = []
    for w in range(4):
        outcomes = [Outcome("ok", {"cost_usd": 1.0}) if i == w else Outcome("failed", {}) for i in range(4)]
        found.append(Recording(f"w{w}", f"w{w}", candidates, tuple(outcomes)))
    with pytest.raises(SearchError, match=r"after 6 runs: no workload ended well on two shapes, .* compared\.$"):
        one_for_all(found, Objective(), seed=18)


def test_the_verb_prints_the_losses(folder: Path) -> None:
    recordings(folder)
    arguments = ["replay", "--data", str(folder / "recorded.csv.gz"), "--one-for-all", "--seeds", "1"]
    printed = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert len(printed["searches"][0]["losses"]) == 8
    assert (printed["objective"], printed["notes"]) == ("cost", [])
    assert "geometric mean" in CliRunner().invoke(app, arguments).stdout


HEAD = ["workload", "nodes", "instance_type", "disk_type", "runtime_s"]


def asked(folder: Path, rows: list[tuple[str, int, str, float]], *words: str) -> Result:
    """The verb on runs of one machine type: workload, nodes, disk, seconds (0: the run failed)."""
    table = pd.DataFrame([(w, n, "m5", disk, s or 9.0) for w, n, disk, s in rows], columns=HEAD)
    table.assign(completed=[row[3] > 0 for row in rows]).to_csv(folder / "t.csv", index=False)
    arguments = ["replay", "--data", str(folder / "t.csv"), "--objective", "time", "--one-for-all", "--seeds", "1"]
    return CliRunner().invoke(app, [*arguments, *words])


SHORT = [("b", 1, "ssd", 40.0), ("b", 2, "ssd", 60.0), ("b", 4, "ssd", 30.0)]


def test_the_own_optimum_may_lie_beyond_the_shared_configurations(tmp_path: Path) -> None:
    long = [("a", n, "ssd", s) for n, s in ((1, 10.0), (2, 12.0), (4, 16.0), (8, 1.0))]
    printed = json.loads(asked(tmp_path, [*long, *SHORT], "--json").stdout)
    (search,) = printed["searches"]
    assert search["configuration"] == "1 x m5"
    assert search["losses"] == {"a": 10.0, "b": pytest.approx(4 / 3)}
    assert search["best_possible"] == ["1 x m5", pytest.approx((10 * 4 / 3) ** 0.5)]
    assert printed["notes"] == ["1 configuration not measured for every workload: no choice"]


def test_configurations_are_one_by_their_features_not_by_their_names(tmp_path: Path) -> None:
    ssd = [("a", 1, "ssd", 10.0), ("a", 2, "ssd", 12.0)]
    on_hdd = asked(tmp_path, [*ssd, ("b", 1, "hdd", 40.0), ("b", 2, "hdd", 60.0)])
    assert isinstance(on_hdd.exception, UsageError)
    assert "No configuration was measured for every one of 2 workloads" in str(on_hdd.exception)
    on_both = asked(tmp_path, [*ssd, ("b", 1, "ssd", 40.0), ("b", 2, "ssd", 60.0), ("b", 2, "hdd", 50.0)], "--json")
    (search,) = json.loads(on_both.stdout)["searches"]
    assert (search["configuration"], search["left_out"]) == ("1 x m5 x ssd", 1)
    assert search["losses"] == {"a": 1, "b": 1}


def test_features_that_do_not_tell_configurations_apart_are_refused(tmp_path: Path) -> None:
    rows = [("a", 1, "ssd", 10.0), ("b", 1, "ssd", 40.0), ("b", 1, "hdd", 60.0)]
    result = asked(tmp_path, rows, "--features", "nodes")
    assert isinstance(result.exception, UsageError)
    assert "'1 x m5 x ssd' and '1 x m5 x hdd', which do not differ in nodes" in str(result.exception)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    long = [("a", n, "ssd", 10.0 + n) for n in range(1, 13)]
    short = [("d", 1, "ssd", 5.0)]
    dead = [("c", n, "ssd", 0.0) for n in range(1, 5)]
    rows = [*long, *SHORT, ("b", 8, "ssd", 30.0), *short, *dead]
    result = asked(tmp_path, rows)
    assert "for 2 workloads" in result.stdout
    said = [
        "1 workload with fewer than 4 candidates: not judged: d",
        "c: no run ended well within the limits of 'time'",
    ]
    assert [text for text in said if text not in result.stderr] == []
    assert len(json.loads(asked(tmp_path, rows, "--json").stdout)["notes"]) == len(said) + 1  # and 8 configurations


def test_a_loss_where_the_workload_fails_is_null_in_json() -> None:
    found = Shared("s", 0, 2, 4, {"a": 1.0, "b": math.inf}, ("s", 1.0)).as_json()
    assert (found["losses"], found["mean_loss"]) == ({"a": 1.0, "b": None}, None)


@pytest.mark.parametrize(("option", "value"), [("--plot", "fig"), ("--strategies", "random")])
def test_options_of_searches_of_single_workloads_are_refused(tmp_path: Path, option: str, value: str) -> None:
    result = asked(tmp_path, SHORT, option, value)
    assert isinstance(result.exception, UsageError)
    assert f"{option} is for searches of single workloads; received {value}." in str(result.exception)
