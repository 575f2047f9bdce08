"""What searches on past workloads say of going on: savings over the uses less the price of the runs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.search.cluster_model import ClusterModel
from analysis.search.experience import HEARD, RUNS, Experience, experience_of
from analysis.search.problem import Problem
from tests.analysis.search.test_profiles import COUNT, JAGGED_S, TIME, alike, machines, past


def test_the_best_number_of_further_runs_counts() -> None:
    values = np.log([[100.0, 200.0, 50.0, 100.0, 100.0]])
    # After one run: two more cost 2 + 0.5 and save half of each of 40 uses; a third costs another 1 for nothing.
    assert Experience(values).worth_of_going_on(1, uses=40) == pytest.approx(40 * 0.5 - 2.5)
    # After two the best is still 100.
    assert Experience(values).worth_of_going_on(2, uses=40) == pytest.approx(40 * 0.5 - 0.5)


def test_it_is_the_mean_over_workloads_and_negative_where_nothing_was_found() -> None:
    values = np.log([[100.0, 100.0, 100.0, 100.0, 100.0], [100.0, 98.0, 100.0, 100.0, 100.0]])
    assert Experience(values).worth_of_going_on(1, uses=40) == pytest.approx(((0 - 1) + (40 * 0.02 - 0.98)) / 2)


def test_a_ruinous_run_counts_as_what_one_expects_to_pay_at_most() -> None:
    values = np.log([[1.0, 1000.0, 1000.0, 1000.0, 1000.0]])
    assert Experience(values).worth_of_going_on(1, uses=40) == pytest.approx(-np.exp(1.5))


def test_later_the_runs_of_the_workload_itself_know_more() -> None:
    played = Experience(np.zeros((3, RUNS)))
    assert played.worth_of_going_on(HEARD, uses=40) is not None
    assert played.worth_of_going_on(HEARD + 1, uses=40) is None
    assert Experience(np.zeros((3, 1))).worth_of_going_on(1, uses=40) is None


def test_a_past_workload_is_played_without_its_own_profile() -> None:
    """The one that differs starts where the others are best, and pays for it; with its own profile it would know better."""
    usual = int(JAGGED_S.argmin())
    odd_s = np.where(np.arange(COUNT) == usual, 300.0, 400.0)
    odd_s[int(JAGGED_S.argmax())] = 10.0
    model = ClusterModel(Problem(machines(), TIME, (*alike(6), past("odd", odd_s))))
    assert model.profiles is not None
    left = model.without("odd")
    own = model.profiles.values[model.profiles.apps == "odd"][0]
    assert any(np.allclose(curve, own) for curve in model.curves)
    assert not any(np.allclose(curve, own) for curve in left.curves)
    played = experience_of(model)
    assert played is not None
    number = model.profiles.in_turns(16).index(int(np.flatnonzero(model.profiles.apps == "odd")[0]))
    assert played.values[number, 0] == pytest.approx(own[usual])
