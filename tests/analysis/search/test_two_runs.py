"""What a run teaches is worth its price where the run after it then pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.search.core.problem import Candidates, Objective, Outcome, Problem
from analysis.search.model.cluster_model import Belief
from analysis.search.model.two_runs import worth_of_second
from analysis.search.strategies import bakeoff
from analysis.search.strategies.bakeoff import Bakeoff

SURE = 0.001  # deviation and noise
BEST, TELLS, GOOD_IF_HIGH, DEAR = range(4)


def belief(tells: tuple[float, float], fails: tuple[float, float] | None = None) -> Belief:
    """Two hypotheses, as likely as each other, of the best so far (1), and three candidates as multiples of it."""
    values = np.asarray([[1.0, tells[0], 0.5, 4.0], [1.0, tells[1], 3.0, 4.0]])
    of_first = None if fails is None else np.outer(fails, [0.0, 1.0, 0.0, 0.0])
    shape = np.full(values.shape, SURE)
    return Belief(np.asarray([0.5, 0.5]), np.log(values), shape, np.full(2, SURE), of_first)


def test_a_run_that_tells_is_worth_what_the_next_one_then_saves() -> None:
    """Half of the time it shows that a candidate saves half of each use and itself costs half a use; else no run follows."""
    worth = worth_of_second(belief((2.0, 1.5)), 0.0, [TELLS, GOOD_IF_HIGH, DEAR], 10)
    assert worth == pytest.approx(0.5 * (10 * 0.5 - 0.5), rel=0.02)


def test_a_run_that_tells_nothing_leaves_the_next_one_as_it_is() -> None:
    """Half of the time a candidate saves half, so a quarter per use; its price is the geometric mean of 0.5 and 3."""
    worth = worth_of_second(belief((2.0, 2.0)), 0.0, [TELLS, GOOD_IF_HIGH, DEAR], 10)
    assert worth == pytest.approx(10 * 0.25 - (0.5 * 3) ** 0.5, rel=0.02)


def test_a_failure_tells_too() -> None:
    worth = worth_of_second(belief((2.0, 2.0), fails=(0.99, 0.01)), 0.0, [TELLS, GOOD_IF_HIGH, DEAR], 10)
    assert worth == pytest.approx(0.5 * (10 * 0.5 - 0.5), rel=0.05)


def test_there_is_no_run_after_the_last_and_none_that_never_pays() -> None:
    assert worth_of_second(belief((2.0, 1.5)), 0.0, [TELLS], 10) == 0
    assert worth_of_second(belief((2.0, 1.5)), 0.0, [TELLS, DEAR], 1000) == 0


@pytest.mark.parametrize(("worth", "goes_on"), [(0.0, False), (1000.0, True)])
def test_a_search_goes_on_for_what_the_run_after_the_next_is_worth(
    worth: float, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bakeoff, "worth_of_second", lambda *_: worth)
    nodes = [1, 2, 3, 4, 6, 8, 12, 16]
    candidates = Candidates(tuple(f"{n} nodes" for n in nodes), pd.DataFrame({"nodes": nodes}))
    search = Bakeoff(Problem(candidates, Objective("time")))
    for _ in range(5):  # the largest is the best, and is found
        index = search.ask().index
        search.tell(index, Outcome("ok", {"runtime_s": 1000.0 / nodes[index]}))
    reason = search.stop()
    assert (reason is None) == goes_on
    assert goes_on or "nor by what it would tell of the one after it" in str(reason)
