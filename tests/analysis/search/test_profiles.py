"""What the past says of single candidates: heard where applications agree, and no further than they did."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.search.core.problem import Limit, Objective, Outcome, Past, Problem
from analysis.search.model.cluster_model import ClusterModel
from analysis.search.model.profiles import Profiles
from analysis.search.strategies.bakeoff import Bakeoff
from tests.support.analysis.pasts import COUNT, JAGGED_S, TIME, alike, machines, past, unlike


def test_a_best_on_which_all_applications_agree_goes_first_and_is_enough() -> None:
    search = Bakeoff(Problem(machines(), TIME, alike(5)))
    assert search.model.say.trust > 0.8
    first = search.ask().index
    assert first == int(JAGGED_S.argmin())
    search.tell(first, Outcome("ok", {"runtime_s": 50.0}))
    reason = search.stop()
    assert reason is not None and "5 past workloads" in reason


def test_without_the_past_it_searches_on() -> None:
    search = Bakeoff(Problem(machines(), TIME))
    search.tell(int(JAGGED_S.argmin()), Outcome("ok", {"runtime_s": 50.0}))
    assert search.stop() is None


def test_applications_that_disagree_on_the_best_are_not_trusted_and_do_not_end_a_search() -> None:
    search = Bakeoff(Problem(machines(), TIME, unlike(6)))
    assert search.model.say.trust == 0
    assert len(search.model.curves) == len(search.model.physical) + 1
    search.tell(COUNT - 1, Outcome("ok", {"runtime_s": 100.0}))
    assert search.stop() is None


def test_trust_counts_the_applications_that_the_others_predict_less_one_standard_error() -> None:
    odd = past("odd", np.where(np.arange(COUNT) == int(JAGGED_S.argmin()), 75.0, JAGGED_S))
    model = ClusterModel(Problem(machines(), TIME, (*alike(4), odd)))
    share, count = 4 / 5, 5  # Wilson's bound by hand, z = 1
    low = (share + 1 / (2 * count) - np.sqrt(share * (1 - share) / count + 1 / (4 * count**2))) / (1 + 1 / count)
    assert model.say.trust == pytest.approx(low)


def test_the_past_says_how_far_a_workload_strays() -> None:
    """The rests that go with the mean are narrow where applications are alike, and wide where they are not."""
    typical = []
    for spread in (0.01, 0.3):
        model = ClusterModel(Problem(machines(), TIME, alike(8, spread)))
        of_mean = model.say.shares[:, 1]
        typical.append(float(of_mean @ np.log(model.rests.deviation) / of_mean.sum()))
    assert typical[0] < typical[1] - 0.2


def test_runs_that_contradict_the_past_outvote_it() -> None:
    model = ClusterModel(Problem(machines(), TIME, alike(5)))
    told = list(range(7))
    belief = model.condition(
        told, np.log([100.0, 101.0, 99.0, 100.0, 102.0, 98.0, 100.0])
    )  # all the same; the past: 50 to 400
    assert np.ptp(belief.mean[7:]) < 0.3 * np.ptp(np.log(JAGGED_S[7:]))


def test_where_a_past_workload_was_not_run_its_curve_stands_in_and_a_failure_is_no_best() -> None:
    gone = {3, 7}
    runtime_s = 4000 / np.arange(2.0, 2 + COUNT)  # goes with the cores
    history = []
    for app in ("a", "b"):
        made = past(app, runtime_s, failed=(COUNT - 1,))
        history.append(
            Past(made.workload, app, made.candidates, {i: o for i, o in made.outcomes.items() if i not in gone})
        )
    profiles = ClusterModel(Problem(machines(), TIME, tuple(history))).profiles
    assert profiles is not None
    profile = profiles.values[0]
    truth = np.log(runtime_s)
    for i in gone:
        assert abs((profile[i] - profile[5]) - (truth[i] - truth[5])) < 0.25
    assert profile.argmax() == COUNT - 1


def test_a_past_on_less_than_half_of_the_list_leaves_no_profile() -> None:
    few = tuple(Past(p.workload, p.app, p.candidates, {i: p.outcomes[i] for i in range(5)}) for p in alike(3))
    assert ClusterModel(Problem(machines(), TIME, few)).profiles is None


def test_one_application_is_not_enough_to_know_how_alike_they_are() -> None:
    assert ClusterModel(Problem(machines(), TIME, alike(1))).profiles is None


def test_two_applications_do_not_decide_when_to_stop_nor_does_a_past_that_knows_no_limits() -> None:
    assert Bakeoff(Problem(machines(), TIME, alike(2))).experience is None
    limited = Objective("time", (Limit("runtime_s", "at most", 300.0),))
    assert Bakeoff(Problem(machines(), limited, alike(5))).experience is None


def test_profiles_are_taken_in_turns_over_applications() -> None:
    profiles = Profiles(np.zeros((5, 3)), np.asarray(["a", "a", "a", "b", "c"]))
    assert profiles.in_turns(3) == [0, 3, 4]
    assert profiles.in_turns(9) == [0, 3, 4, 1, 2]
    assert profiles.weights.tolist() == pytest.approx([1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 3])
    assert profiles.without("a").apps.tolist() == ["b", "c"]
