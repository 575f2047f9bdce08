"""The search for a set told pair by pair: what it proposes, when it stops, what it expects each workload to lose."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.errors import SearchError
from analysis.search.core.problem import Objective, Outcome
from analysis.search.strategies.micky import NOISE_SD
from analysis.search.workload_sets.workload_set import SetSearch

SHAPES = [f"s{i}" for i in range(6)]


def cost(usd: float) -> Outcome:
    return Outcome("ok", {"cost_usd": usd})


def searched(values: np.ndarray, seed: int = 0) -> SetSearch:
    """A search to its end; ``values`` (workloads, shapes), infinite where the run fails."""
    names = [f"w{i}" for i in range(len(values))]
    search = SetSearch(names, SHAPES[: values.shape[1]], Objective(), seed)
    while not search.stop():
        index = search.ask().index
        usd = values.flat[index]
        search.tell(index, cost(float(usd)) if math.isfinite(usd) else Outcome("failed", {}))
    return search


def test_told_the_same_it_proposes_the_same_without_having_been_asked() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, (4, 6))
    whole = searched(values)
    for made in range(len(whole.told)):
        again = SetSearch([f"w{i}" for i in range(4)], SHAPES, Objective())
        for index, outcome in list(whole.told.items())[:made]:
            again.tell(index, outcome)
        assert again.ask().index == list(whole.told)[made]


@pytest.mark.parametrize(("shapes", "workloads"), [(2, 4), (3, 5), (2, 12), (5, 6)])
def test_a_set_larger_than_the_shapes_is_compared_within_the_budget(shapes: int, workloads: int) -> None:
    for seed in range(20):
        search = searched(np.random.default_rng(seed).lognormal(0, 1, (workloads, shapes)), seed)
        assert len(search.told) == search.bandit.budget == shapes + math.ceil(workloads / 2)
        assert search.compared and search.winner() is not None
        pulls = search.bandit.pulls
        for made in range(shapes, len(pulls)):
            repeated = pulls[made].workload in {pull.workload for pull in pulls[:made]}
            assert repeated or len({pull.workload for pull in pulls[:made]}) * shapes == made


def test_a_pair_under_way_counts_as_one_to_compare_with() -> None:
    search = SetSearch([f"w{i}" for i in range(4)], SHAPES[:2], Objective())
    pending: list[int] = []
    while not search.stop(len(pending)):
        pending.append(search.ask(pending).index)
    assert len({index // 2 for index in pending}) == 2 < len(pending)


def test_a_few_runs_of_every_pair_leave_nothing_to_estimate() -> None:
    values = np.array([[1.0, 2.0], [20.0, 10.0]])
    search = SetSearch(["a", "b"], SHAPES[:2], Objective())
    for index in range(4):
        search.tell(index, cost(float(values.flat[index])))
    assert search.stop() == "every workload has been run on every shape"
    winner = search.winner()
    assert winner is not None
    first, second = (values[w, winner.index] / values[w].min() for w in (0, 1))
    for loss, true in zip(winner.losses, (first, second), strict=True):
        assert loss.optimum_measured
        assert (loss.low, loss.loss, loss.high) == pytest.approx((true, true, true))
    assert winner.mean_loss == pytest.approx(math.sqrt(first * second))
    assert winner.optimum_unknown == []


def test_most_intervals_of_the_expected_loss_hold_the_true_one() -> None:
    rng, inside = np.random.default_rng(0), []
    for seed in range(30):
        logs = rng.normal(0, 3, (3, 1)) + rng.normal(0, 0.5, (1, 6)) + rng.normal(0, NOISE_SD, (3, 6))
        winner = searched(np.exp(logs), seed).winner()
        assert winner is not None
        true = np.exp(logs[:, winner.index] - logs.min(axis=1))
        inside += [
            loss.low - 1e-9 <= t <= loss.high + 1e-9 for loss, t in zip(winner.losses, true.tolist(), strict=True)
        ]
    assert 0.8 < np.mean(inside) <= 1


def test_a_shape_that_failed_is_no_choice_and_nobody_s_best() -> None:
    values = np.array([[1.0, 5.0, 6.0], [10.0, 50.0, 70.0]])
    values[:, 0] = math.inf
    search = searched(values)
    winner = search.winner()
    assert winner is not None and winner.index != 0
    assert all(loss.best_shape != "s0" for loss in winner.losses)
    assert max(search.bandit.effects().arm) == search.bandit.effects().arm[0]


def test_a_shape_that_failed_is_no_choice_however_good_it_was_elsewhere() -> None:
    search = SetSearch(["a", "b"], SHAPES[:2], Objective())
    for index, usd in ((0, 0.0001), (1, 1.0), (3, 1.0)):
        search.tell(index, cost(usd))
    search.tell(2, Outcome("timed_out", {}))
    assert search.choice() == 1


def test_a_shape_that_failed_is_not_run_again_while_there_are_others() -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).lognormal(0, 1, (10, 6))
        values[:, 0] = math.inf
        values[:, 1:] *= 1e6  # worse by more than a failure costs
        search = SetSearch([f"w{i}" for i in range(10)], SHAPES, Objective(), seed)
        search.tell(0, Outcome("failed", {}))
        search.tell(6, cost(1e-6))  # the model thinks well of it all the same
        while not search.stop():
            index = search.ask().index
            assert index % 6 != 0
            search.tell(index, cost(float(values.flat[index])))
        assert search.choice() not in (None, 0)


def test_where_every_shape_failed_runs_go_on() -> None:
    search = SetSearch(["a", "b", "c"], SHAPES[:2], Objective())
    for _ in range(3):
        search.tell(search.ask().index, Outcome("failed", {}))
    assert search.ask()


def test_the_one_shape_that_has_not_failed_is_recommended() -> None:
    values = np.ones((2, 2))
    values[:, 1] = math.inf
    for seed in range(10):
        winner = searched(values, seed).winner()
        assert winner is not None and winner.index == 0


def test_why_there_is_no_recommendation_says_more_runs_only_where_they_may_help() -> None:
    def why(*runs: tuple[int, bool]) -> str:
        search = SetSearch(["a", "b", "c", "d"], SHAPES[:3], Objective())
        for index, good in runs:
            search.tell(index, cost(1.0) if good else Outcome("failed", {}))
        assert search.choice() is None and search.winner() is None
        return search.why_none()

    assert why().endswith("no two shapes were compared; give it more runs")
    assert why((0, True), (4, True)).endswith("no two shapes were compared; give it more runs")
    assert why((0, False), (4, False)) == "every run failed or broke a limit"
    assert why((0, True), (3, False), (7, False)) == "on every shape that was run, a run failed or broke a limit"
    spent = why((0, True), (3, True), (6, True), (10, True), (1, False))  # the budget is 5
    assert spent == "no workload ended well on two shapes, so no two shapes were compared"


@pytest.mark.parametrize(
    ("workloads", "message"),
    [(["a"], "at least two workloads; received 1"), (["a", "b", "a"], "named once; received a twice")],
)
def test_no_set_is_refused(workloads: list[str], message: str) -> None:
    with pytest.raises(SearchError, match=message):
        SetSearch(workloads, SHAPES, Objective())


def test_wrong_tells_and_asks_past_the_end_are_refused() -> None:
    search = searched(np.ones((2, 6)))
    with pytest.raises(SearchError, match="budget of 7 runs is spent"):
        search.ask()
    with pytest.raises(SearchError, match="numbered 0 to 11; received 12"):
        search.tell(12, cost(1.0))
    with pytest.raises(SearchError, match="needs cost_usd"):
        search.tell(0, Outcome("ok", {"runtime_s": 1.0}))
