"""What every strategy keeps, whichever it is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.errors import SearchError
from analysis.search.core.problem import Candidates, Limit, Objective, Outcome, Problem
from analysis.search.strategies.registry import STRATEGIES
from analysis.search.strategies.strategy import Strategy
from tests.support.analysis.recorded import candidates, problem, ran

PUBLISHED = {"arrow", "cherrypick", "ernest", "micky", "paris", "scout"}  # what ours is compared with
ALL = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in PUBLISHED else ()) for name in sorted(STRATEGIES)]
)
FAILED = Outcome("failed", {"runtime_s": 3.0, "cost_usd": 0.01})
OBJECTIVES = [
    Objective(),
    Objective("weighted", weight=0.3),
    Objective("cost", (Limit("runtime_s", "at most", 900.0),)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


def small(name: str, made: Candidates, seed: int = 0) -> Strategy:
    """A strategy on candidates without a recording; a past of two applications for those that need one."""
    from analysis.search.core.problem import Past

    outcomes = {i: ran(100.0 + 10 * i) for i in range(len(made))}
    history = tuple(Past(f"w{k}", f"app{k}", made, outcomes) for k in range(2))
    return STRATEGIES[name](Problem(made, Objective(), history if STRATEGIES[name].needs_history else ()), seed)


@ALL
@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_a_search_ends_and_finds_something(name: str, objective: Objective, folder: Path) -> None:
    asked, recording = problem(folder, objective)
    strategy = STRATEGIES[name](asked, seed=3)
    seen: list[int] = []
    while not (reason := strategy.stop()):
        proposal = strategy.ask()
        assert proposal.reason
        seen.append(proposal.index)
        strategy.tell(proposal.index, recording.outcomes[proposal.index])
    assert reason
    assert len(seen) == len(set(seen)) <= len(asked.candidates)
    winner = strategy.winner()
    assert winner is not None
    assert 0 < winner.low <= winner.predicted <= winner.high < math.inf
    best = min(objective.value(recording.outcomes[i]) for i in seen if objective.feasible(recording.outcomes[i]))
    assert winner.measured == best


@ALL
def test_same_seed_same_proposals(name: str, folder: Path) -> None:
    asked, recording = problem(folder)
    orders = []
    for _ in range(2):
        strategy = STRATEGIES[name](asked, seed=5)
        order = []
        for _ in range(9):
            order.append(strategy.ask().index)
            strategy.tell(order[-1], recording.outcomes[order[-1]])
        orders.append(order)
    assert orders[0] == orders[1]


@ALL
def test_asked_past_its_stop_it_goes_through_every_candidate(name: str) -> None:
    made = candidates(nodes=[2, 4, 6, 8, 2, 4, 6, 8], vcpus=[2, 2, 2, 2, 4, 4, 4, 4])
    strategy = small(name, made)
    for i in range(8):
        index = strategy.ask().index
        strategy.tell(index, ran(50.0 + (index - 3) ** 2) if i % 3 else FAILED)
    assert sorted(strategy.told) == list(range(8))
    assert "every candidate" in str(strategy.stop())
    with pytest.raises(SearchError, match="none to propose"):
        strategy.ask()


@ALL
def test_pending_candidates_are_not_proposed_again(name: str, folder: Path) -> None:
    asked, recording = problem(folder)
    strategy = STRATEGIES[name](asked, seed=1)
    first = [0, 9, 17]
    for i in first:
        strategy.tell(i, recording.outcomes[i])
    pending: list[int] = []
    for _ in range(4):
        pending.append(strategy.ask(pending).index)
    assert len({*first, *pending}) == 7


@ALL
def test_one_candidate(name: str) -> None:
    strategy = small(name, candidates(nodes=[2], vcpus=[4]))
    assert strategy.ask().index == 0
    strategy.tell(0, ran(10.0))
    assert strategy.stop()
    winner = strategy.winner()
    assert winner and winner.index == 0


@ALL
def test_constant_features_and_missing_values(name: str) -> None:
    strategy = small(
        name, candidates(nodes=[4] * 6, vcpus=[2, 4, None, 8, 2, 4], disk=["ssd", None, "ssd", "hdd", "hdd", None])
    )
    for _ in range(6):
        index = strategy.ask().index
        strategy.tell(index, ran(60.0 + index))
    best = strategy.best()
    assert best and best[0] == 0


@ALL
def test_no_feature_at_all(name: str) -> None:
    strategy = small(name, Candidates(("a", "b", "c"), pd.DataFrame(index=range(3))))
    for _ in range(3):
        index = strategy.ask().index
        strategy.tell(index, ran(60.0 + index))
    assert strategy.stop()


@ALL
@pytest.mark.parametrize("status", ["failed", "timed_out"])
def test_when_every_run_fails_the_search_ends_without_a_winner(name: str, status: str) -> None:
    made = candidates(nodes=[2, 4, 6, 8], vcpus=[2, 2, 4, 4])
    strategy = small(name, made)
    outcome = Outcome("failed" if status == "failed" else "timed_out", {"runtime_s": 7200.0, "cost_usd": 2.0})
    while not (reason := strategy.stop()):
        strategy.tell(strategy.ask().index, outcome)
    assert strategy.winner() is None
    assert "none ended well" in reason


@ALL
def test_no_feasible_candidate(name: str) -> None:
    made = candidates(nodes=[2, 4, 6, 8], vcpus=[2, 2, 4, 4])
    strategy = small(name, made)
    strategy.problem = Problem(made, Objective("cost", (Limit("runtime_s", "at most", 5.0),)), strategy.problem.history)
    while not (reason := strategy.stop()):
        strategy.tell(strategy.ask().index, ran(60.0))
    assert strategy.winner() is None
    assert "within the limits" in reason


@ALL
@pytest.mark.parametrize("runtime_s", [0.0, -3.0, math.nan, math.inf])
def test_a_time_that_cannot_be_is_refused(name: str, runtime_s: float) -> None:
    strategy = small(name, candidates(nodes=[2, 4], vcpus=[2, 2]))
    with pytest.raises(SearchError, match=r"above 0|the run measured"):
        strategy.tell(0, ran(runtime_s))


@ALL
def test_history_is_asked_for_by_those_who_need_it(name: str) -> None:
    alone = Problem(candidates(nodes=[2, 4], vcpus=[2, 2]), Objective())
    if not STRATEGIES[name].needs_history:
        assert STRATEGIES[name](alone).ask().index in (0, 1)
        return
    with pytest.raises(SearchError, match="past runs of other workloads"):
        STRATEGIES[name](alone)


def test_candidates_are_named_once_and_exist() -> None:
    frame = pd.DataFrame({"nodes": [2, 2]})
    with pytest.raises(SearchError, match="'a' is there 2 times"):
        Candidates(("a", "a"), frame)
    with pytest.raises(SearchError, match="at least one candidate"):
        Candidates((), pd.DataFrame())
    with pytest.raises(SearchError, match="above 0 USD/h"):
        Candidates(("a", "b"), frame, (1.0, 0.0))


def test_limits_and_weights_out_of_range_are_refused() -> None:
    with pytest.raises(SearchError, match="from 0 to 1"):
        Objective("weighted", weight=1.2)
    with pytest.raises(SearchError, match="above 0"):
        Limit("runtime_s", "at most", -1.0)


def test_requests_per_dollar_within_a_latency_goal() -> None:
    made = candidates(nodes=[2, 4, 6, 8], vcpus=[2, 2, 4, 4])
    objective = Objective("requests", (Limit("latency_ms", "at most", 50.0),))
    strategy = STRATEGIES["bakeoff"](Problem(made, objective))
    for i, (rate, latency) in enumerate([(900.0, 80.0), (700.0, 45.0), (500.0, 30.0), (300.0, 20.0)]):
        strategy.tell(i, Outcome("ok", {"requests_per_usd": rate, "latency_ms": latency, "runtime_s": 60.0}))
    winner = strategy.winner()
    assert winner and winner.index == 1
    assert np.isclose(winner.measured, 1 / 700)


def test_least_accuracy_comes_before_cost() -> None:
    made = candidates(nodes=[2, 4, 6], vcpus=[2, 2, 2])
    strategy = STRATEGIES["bakeoff"](Problem(made, Objective("cost", (Limit("accuracy", "at least", 0.9),))))
    for i, (cost, accuracy) in enumerate([(1.0, 0.7), (2.0, 0.92), (3.0, 0.97)]):
        strategy.tell(i, Outcome("ok", {"cost_usd": cost, "runtime_s": 60.0, "accuracy": accuracy}))
    best = strategy.best()
    assert best == (1, 2.0)


def test_an_outcome_that_was_not_measured_is_named() -> None:
    strategy = STRATEGIES["bakeoff"](Problem(candidates(nodes=[2, 4]), Objective("requests")))
    with pytest.raises(SearchError, match="needs requests_per_usd, and the run measured cost_usd, runtime_s"):
        strategy.tell(0, ran(3.0))
