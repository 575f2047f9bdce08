"""What searches on past workloads say of going on: savings over the uses less the price of the runs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.search.core.problem import Problem
from analysis.search.model.cluster_model import ClusterModel
from analysis.search.model.experience import HEARD, RUNS, Experience, experience_of
from tests.support.analysis.pasts import COUNT, JAGGED_S, TIME, alike, machines, past


def played(*runtimes_s: list[float]) -> Experience:
    """One workload of each of as many applications."""
    return Experience(np.log(runtimes_s), np.asarray([f"app{i}" for i in range(len(runtimes_s))]))


def test_the_best_number_of_further_runs_counts() -> None:
    alike_s = [100.0, 200.0, 50.0, 100.0, 100.0]
    # After one run: two more cost 2 + 0.5 and save half of each of 40 uses; a third costs another 1 for nothing.
    assert played(alike_s, alike_s, alike_s).worth_of_going_on(1, uses=40) == pytest.approx(40 * 0.5 - 2.5)
    # After two the best is still 100.
    assert played(alike_s, alike_s, alike_s).worth_of_going_on(2, uses=40) == pytest.approx(40 * 0.5 - 0.5)


def test_it_is_the_upper_end_of_the_interval_over_applications() -> None:
    flat_s = [100.0, 100.0, 100.0, 100.0, 100.0]
    some = played(flat_s, flat_s, [100.0, 98.0, 100.0, 100.0, 100.0])
    nets = np.asarray([-1.0, -1.0, 40 * 0.02 - 0.98])  # one further run
    by_hand = nets.mean() + 2.919986 * nets.std(ddof=1) / np.sqrt(3)  # Student's t, 95 %, two degrees of freedom
    assert some.worth_of_going_on(1, uses=40) == pytest.approx(by_hand, rel=1e-4)


def test_one_application_to_which_going_on_was_worth_a_lot_is_enough_to_go_on() -> None:
    flat_s = [100.0, 100.0, 100.0, 100.0, 100.0]
    nine = played(*[flat_s] * 9)
    ten = played(*[flat_s] * 9, [100.0, 100.0, 80.0, 100.0, 100.0])
    assert (nine.worth_of_going_on(1, uses=40) or 0) < 0 < (ten.worth_of_going_on(1, uses=40) or 0)


def test_workloads_of_one_application_are_no_further_evidence() -> None:
    nets = np.log(
        [[100.0, 100.0, 100.0, 100.0, 100.0], [100.0, 90.0, 100.0, 100.0, 100.0], [100.0, 80.0, 100.0, 100.0, 100.0]]
    )
    apps = np.asarray(["a", "b", "c"])
    once, twice = Experience(nets, apps), Experience(np.repeat(nets, 2, axis=0), np.repeat(apps, 2))
    assert once.worth_of_going_on(1, uses=40) == pytest.approx(twice.worth_of_going_on(1, uses=40))


def test_a_ruinous_run_counts_as_what_one_expects_to_pay_at_most() -> None:
    ruinous_s = [1.0, 1000.0, 1000.0, 1000.0, 1000.0]
    assert played(ruinous_s, ruinous_s, ruinous_s).worth_of_going_on(1, uses=40) == pytest.approx(-np.exp(1.5))


def test_later_the_runs_of_the_workload_itself_know_more() -> None:
    flat_s = [1.0] * RUNS
    flat = played(flat_s, flat_s, flat_s)
    assert flat.worth_of_going_on(HEARD, uses=40) is not None
    assert flat.worth_of_going_on(HEARD + 1, uses=40) is None
    assert played([1.0], [1.0], [1.0]).worth_of_going_on(1, uses=40) is None


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
    found = experience_of(model)
    assert found is not None
    number = model.profiles.in_turns(16).index(int(np.flatnonzero(model.profiles.apps == "odd")[0]))
    assert found.values[number, 0] == pytest.approx(own[usual])
