"""The exact expectation of random draws: the mean of what is judged over all orders, and quick on long lists."""

from __future__ import annotations

import itertools
import math
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from analysis.search.core.problem import Candidates, Objective, Outcome
from analysis.search.core.recordings import Recording
from analysis.search.replay import scores, tournament
from analysis.search.replay.follow import Trace


def recording(outcomes: list[Outcome]) -> Recording:
    nodes = range(1, len(outcomes) + 1)
    return Recording("w", "w", Candidates(tuple(map(str, nodes)), pd.DataFrame({"nodes": nodes})), tuple(outcomes))


def times(*seconds: float) -> Recording:
    return recording([Outcome("ok", {"runtime_s": one}) for one in seconds])


def test_optima_that_tie_are_each_the_optimum() -> None:
    toy = times(10, 10, *range(20, 26))
    assert scores.random_expectation(toy, Objective("time"), 6).found_optimum == pytest.approx(27 / 28)
    assert scores.random_expectation(toy, Objective("time"), 7).found_optimum == 1
    assert scores.random_expectation(times(10, *range(20, 27)), Objective("time"), 6).found_optimum == 6 / 8


@pytest.mark.parametrize("budget", [1, 2, 4])
def test_failed_runs_that_pay_nothing_towards_the_objective_count_as_in_a_search(budget: int) -> None:
    served = [Outcome("ok", {"requests_per_usd": n}) for n in (100.0, 50.0)]
    toy, objective = recording([*served, Outcome("failed", {}), Outcome("failed", {})]), Objective("requests")
    known = toy.feasible_values(objective)
    paid = np.asarray([objective.value(outcome) for outcome in toy.outcomes])
    judged = [
        scores.score(Trace(order, known[list(order)], paid[list(order)], budget, "", 0.0), toy, objective)
        for order in itertools.permutations(range(4))
    ]
    exact = scores.random_expectation(toy, objective, budget)
    assert exact.search_cost == pytest.approx(scores.mean(judged).search_cost)


def test_a_long_list_costs_no_more_draws_than_are_shown() -> None:
    long = times(*(10.0 + i for i in range(300)))
    with patch.object(math, "comb", side_effect=math.comb) as comb:
        (row,) = tournament.play(["random"], [long], [long], Objective("time"), seeds=1).rows
    assert len(row.best_so_far) == 12
    assert comb.call_count < 300 * 50
