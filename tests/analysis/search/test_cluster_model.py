"""The model behind ``bakeoff``: runs on both sides of a memory need reveal it, failures too, and the past votes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.search.core.problem import Candidates, Objective, Outcome, Past, Problem
from analysis.search.model.cluster_model import CURVES, ClusterModel
from analysis.search.model.cluster_shapes import ClusterShapes, sizes_of
from analysis.search.model.past import kinds_of, votes

TIME = Objective("time")
GRID = [(nodes, vcpus, per_core * vcpus) for per_core in (2.0, 8.0) for vcpus in (2, 4) for nodes in (2, 4, 8, 16, 32)]


def shapes_of_clusters() -> Candidates:
    """Twenty: two memory classes, two machine sizes, 2 to 32 machines."""
    frame = pd.DataFrame(GRID, columns=["nodes", "vcpus", "mem_gib"])
    return Candidates(tuple(f"c{i}" for i in range(len(frame))), frame, tuple((frame["nodes"] * 0.1).tolist()))


def at(nodes: int, vcpus: int, per_core: float) -> int:
    return GRID.index((nodes, vcpus, per_core * vcpus))


def runtime_s(i: int, need_gib: float) -> float:
    nodes, vcpus, memory_gib = GRID[i]
    return (20 + 4000 / (nodes * vcpus)) * (3.0 if nodes * memory_gib < need_gib else 1.0)


def test_runs_on_both_sides_reveal_a_memory_need() -> None:
    model = ClusterModel(Problem(shapes_of_clusters(), TIME))
    told = [at(4, 4, 2.0), at(16, 4, 2.0), at(4, 4, 8.0), at(32, 4, 2.0)]
    apart = {}
    for need_gib in (1.0, 100.0):
        belief = model.condition(told, np.log([runtime_s(i, need_gib) for i in told]))
        apart[need_gib] = belief.mean[at(8, 2, 2.0)] - belief.mean[at(8, 2, 8.0)]  # the same cores; 32 and 128 GiB
    assert abs(apart[1.0]) < 0.25
    assert apart[100.0] > 0.7


def test_a_failure_on_little_memory_speaks_against_less_memory_alone() -> None:
    model = ClusterModel(Problem(shapes_of_clusters(), TIME))
    well = [at(16, 4, 8.0), at(8, 4, 8.0)]
    failed = at(4, 2, 2.0)
    y = np.log([runtime_s(i, 1.0) for i in well])
    belief = model.condition(well, y, failed=[failed], ended_well=well)
    assert belief.fails is not None
    fails = belief.weights @ belief.fails
    assert fails[at(2, 2, 2.0)] > 0.5
    assert fails[at(32, 4, 8.0)] < 0.1


def test_the_past_votes_for_the_curve_it_was_made_from() -> None:
    made = shapes_of_clusters()
    sizes = sizes_of(made)
    shapes = ClusterShapes(sizes, 256, seed=0)
    truth = 37
    values = np.exp(shapes.log_values(sizes, shapes.shortage(sizes), 0.0)[truth])
    outcomes = {i: Outcome("ok", {"runtime_s": 60 * float(v)}) for i, v in enumerate(values)}
    found = votes(Problem(made, TIME, (Past("w", "app", made, outcomes),)), shapes)
    assert np.isclose(found[0].shares.sum(), 1)
    assert found[0].shares.argmax() == truth
    assert kinds_of(found).argmax() == truth


def test_a_past_with_too_few_runs_does_not_vote() -> None:
    made = shapes_of_clusters()
    few = {i: Outcome("ok", {"runtime_s": 60.0 + i}) for i in range(3)}
    problem = Problem(made, TIME, (Past("w", "app", made, few),))
    assert votes(problem, ClusterShapes(sizes_of(made), 16, seed=0)) == []


def test_what_the_past_knew_keeps_no_memory_need() -> None:
    sizes = sizes_of(shapes_of_clusters())
    shapes = ClusterShapes(sizes, 64, seed=0)
    only = np.zeros(64)
    only[5] = 1.0
    kinds = shapes.as_voted(only)
    assert np.unique(kinds.serial).tolist() == shapes.serial[5].tolist()
    assert len(np.unique(kinds.need)) > 30


def past_of(app: str, power: float) -> Past:
    """A workload whose run time goes with a power of the cores."""
    outcomes = {i: Outcome("ok", {"runtime_s": 100 * (n * v) ** power}) for i, (n, v, _) in enumerate(GRID)}
    return Past("w", app, shapes_of_clusters(), outcomes)


def test_the_share_of_the_past_grows_with_its_applications_and_fades_with_runs() -> None:
    for apps, runs, share in ((1, 0, 1 / 5), (4, 0, 1 / 2), (4, 3, 1 / 5)):
        short = Past("w", "short", shapes_of_clusters(), {0: Outcome("ok", {"runtime_s": 60.0})})  # has no say
        history = (*(past_of(f"app{k}", -0.8) for k in range(apps)), short)
        prior = ClusterModel(Problem(shapes_of_clusters(), TIME, history)).prior(runs).sum(axis=0)
        assert np.isclose(prior.sum(), 1)
        assert np.isclose(prior[CURVES : 2 * CURVES].sum() / prior[: 2 * CURVES].sum(), share)


def test_guesses_do_not_let_the_past_fade() -> None:
    model = ClusterModel(Problem(shapes_of_clusters(), TIME, (past_of("app", -0.8),)))
    told = [at(2, 2, 2.0), at(8, 2, 8.0), at(4, 4, 8.0)]
    y = np.log([runtime_s(i, 1.0) for i in told])
    known, guessed = (model.condition(told, y, guesses=guesses).mean for guesses in (0, 2))
    assert not np.allclose(known, guessed)


def test_a_past_that_does_not_hold_is_voted_out() -> None:
    told = [at(2, 2, 2.0), at(32, 4, 2.0), at(8, 2, 8.0), at(4, 4, 8.0), at(16, 2, 2.0)]
    y = np.log([100 * GRID[i][0] * GRID[i][1] for i in told])  # the more cores the slower; the past says otherwise
    apart = []
    for history in ((), tuple(past_of(f"app{k}", -0.9) for k in range(4))):
        belief = ClusterModel(Problem(shapes_of_clusters(), TIME, history)).condition(told, y)
        apart.append(belief.mean[at(32, 2, 8.0)] - belief.mean[at(2, 4, 8.0)])
    assert min(apart) > 1.5  # ln 8 = 2.1
    assert abs(apart[0] - apart[1]) < 0.3


def test_runs_that_no_curve_explains_make_it_less_sure() -> None:
    model = ClusterModel(Problem(shapes_of_clusters(), TIME))
    told = [at(2, 2, 2.0), at(4, 2, 2.0), at(8, 2, 2.0), at(16, 2, 2.0), at(32, 2, 2.0)]
    smooth = model.condition(told, np.log([runtime_s(i, 1.0) for i in told]))
    jagged = model.condition(told, np.log([100.0, 300.0, 80.0, 350.0, 90.0]))
    elsewhere = at(8, 4, 8.0)
    assert jagged.deviation[elsewhere] > 2 * smooth.deviation[elsewhere]
