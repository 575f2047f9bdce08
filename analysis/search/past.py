"""What past workloads of other applications teach: which kinds of curve to expect.

Each past workload votes for the hypotheses of :mod:`analysis.search.cluster_shapes` that explain it, wherever it was run:
the candidates need not be the same. What is learnt is the kind (serial part, overhead, how memory shortage shows),
not the memory need, which belongs to a workload's own data.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from analysis.search.cluster_shapes import ClusterShapes, sizes_of
from analysis.search.problem import Objective, Past, Problem

LEAST_RUNS = 5  # a past workload with fewer runs says nothing about a curve
SAYING = 10  # runs whose worth of evidence a past workload has at most: the next one is of its kind, not the same
FLOOR = 0.02  # added to the variance of what a hypothesis leaves (log), so that votes do not all fall on one


class Votes(NamedTuple):
    """What the past says of H hypotheses."""

    shares: np.ndarray  # (H,), sum 1: of past workloads that each explains
    applications: int  # that have a say


def votes(problem: Problem, shapes: ClusterShapes) -> Votes | None:
    """Every application counts the same, however many workloads it has; None without a past that can be used."""
    by_app: dict[str, list[np.ndarray]] = {}
    for past in problem.history:
        vote = _vote(past, problem.objective, shapes)
        if vote is not None:
            by_app.setdefault(past.app, []).append(vote)
    if not by_app:
        return None
    return Votes(np.mean([np.mean(rows, axis=0) for rows in by_app.values()], axis=0), len(by_app))


def _vote(past: Past, objective: Objective, shapes: ClusterShapes) -> np.ndarray | None:
    """Likelihood of each hypothesis, (H,), sum 1, with level and noise integrated out."""
    values = {i: math.log(objective.value(o)) for i, o in past.outcomes.items() if o.ok and objective.known(o)}
    if len(values) < LEAST_RUNS:
        return None
    sizes = sizes_of(past.candidates).of(list(values))
    y = np.asarray(list(values.values()))
    off = y - y.mean() - shapes.log_values(sizes, shapes.shortage(sizes), objective.price_power)
    evidence = -min(len(y), SAYING) / 2 * np.log((off**2).mean(axis=1) + FLOOR)
    vote = np.exp(evidence - evidence.max())
    return np.asarray(vote / vote.sum())
