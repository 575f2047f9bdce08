"""One configuration for a set: close to the best single one, in far fewer runs."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.errors import SearchError
from analysis.search.micky import Bandit
from analysis.search.one_for_all import one_for_all
from analysis.search.problem import Candidates, Objective, Outcome
from analysis.search.recordings import Recording
from infra.cli.app import app
from tests.analysis.search.recorded import recordings


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
    assert len(printed[0]["losses"]) == 8
    assert "geometric mean" in CliRunner().invoke(app, arguments).stdout
