"""Learn from past workloads of other applications which kinds of curve to expect.

Each past workload votes for the hypotheses of :mod:`analysis.search.model.cluster_shapes` that explain it, wherever it was run:
the candidates need not be the same. What is learnt is the kind (serial part, overhead, how memory shortage shows),
not the memory need, which belongs to a workload's own data. Where it was run on candidates of the list at hand, it also
leaves a profile (:mod:`analysis.search.model.profiles`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analysis.search.core.problem import Objective, Past, Problem
from analysis.search.model.cluster_shapes import ClusterShapes, sizes_of

LEAST_RUNS = 5  # a past workload with fewer runs says nothing about a curve
SAYING = 10  # runs whose worth of evidence a past workload has at most: the next one is of its kind, not the same
FLOOR = 0.02  # added to the variance of what a hypothesis leaves (log), so that votes do not all fall on one


class Vote(NamedTuple):
    """How well each curve explains one past workload.

    Attributes:
        past: its runs.
        values: logarithm of the objective by candidate of its own list, of runs that ended well.
        shares: likelihood of each hypothesis, (H,), sum 1, with level and noise integrated out.
    """

    past: Past
    values: dict[int, float]
    shares: np.ndarray


def votes(problem: Problem, shapes: ClusterShapes) -> list[Vote]:
    """The votes of all past workloads with at least :data:`LEAST_RUNS` runs; empty where there is none."""
    found = []
    for past in problem.history:
        values = _values(past, problem.objective)
        if len(values) >= LEAST_RUNS:
            found.append(Vote(past, values, _shares(past, values, problem.objective.price_power, shapes)))
    return found


def kinds_of(cast: list[Vote]) -> np.ndarray:
    """Share of past applications that each hypothesis explains, (H,), sum 1: every application counts the same."""
    apps = [vote.past.app for vote in cast]
    return np.asarray(app_weights(apps) @ np.asarray([vote.shares for vote in cast]))


def app_weights(apps: Sequence[str] | np.ndarray) -> np.ndarray:
    """Weight of each workload, (W,), sum 1, so that every application has the same, however many workloads it has."""
    names, of_app, counts = np.unique(np.asarray(apps), return_inverse=True, return_counts=True)
    return np.asarray(1 / (len(names) * counts[of_app]))


def _values(past: Past, objective: Objective) -> dict[int, float]:
    return {i: math.log(objective.value(o)) for i, o in past.outcomes.items() if o.ok and objective.known(o)}


def _shares(past: Past, values: dict[int, float], power: float, shapes: ClusterShapes) -> np.ndarray:
    sizes = sizes_of(past.candidates).select(list(values))
    y = np.asarray(list(values.values()))
    off = y - y.mean() - shapes.log_values(sizes, shapes.shortage(sizes), power)
    evidence = -min(len(y), SAYING) / 2 * np.log((off**2).mean(axis=1) + FLOOR)
    vote = np.exp(evidence - evidence.max())
    return np.asarray(vote / vote.sum())
