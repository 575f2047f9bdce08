"""What past workloads of other applications teach: which hypotheses held, and what all of them missed.

Each past workload is explained by the hypotheses of :mod:`analysis.search.cluster_shapes`, also where it was run on
other candidates. Those that explain some past workload well get half of the prior (:data:`SHARE`), the other half
stays as it was: a past that misleads is voted down by the first runs. What the explanations miss of a candidate on
average (a family that is faster than its cores say) is added to all hypotheses, shrunk towards 0 where few
applications ran it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.search.cluster_shapes import ClusterShapes, Sizes, sizes_of
from analysis.search.problem import Objective, Past, Problem
from analysis.search.ranking import matched

LEAST_RUNS = 5  # a past workload with fewer runs says nothing about a shape
SHARE = 0.5  # of the prior that past workloads distribute
FLOOR = 0.1  # added to the variance of what a hypothesis leaves: keeps votes from falling on one hypothesis alone (log)
SHRINKAGE = 2.0  # an average over so many applications counts half


@dataclass(frozen=True)
class Lesson:
    """What to believe before the first run.

    Attributes:
        weights: prior probability of each hypothesis, (H,), sum 1.
        offset: to be added to the log value of each candidate, (n,).
    """

    weights: np.ndarray
    offset: np.ndarray


def learn(problem: Problem, shapes: ClusterShapes, count: int) -> Lesson:
    """The lesson of a problem's history for ``count`` hypotheses. Every application counts the same."""
    votes: dict[str, list[np.ndarray]] = {}
    missed: dict[str, list[np.ndarray]] = {}
    for past in problem.history:
        explained = _explained(past, problem.objective, shapes)
        if explained is None:
            continue
        vote, off = explained
        votes.setdefault(past.app, []).append(vote)
        missed.setdefault(past.app, []).append(
            np.asarray([math.nan if i is None else off[i] for i in matched(past, problem.candidates)])
        )
    weights, offset = np.full(count, 1 / count), np.zeros(len(problem.candidates))
    if votes:
        weights = (1 - SHARE) * weights + SHARE * np.mean([np.mean(v, axis=0) for v in votes.values()], axis=0)
        by_app = np.asarray([_mean(np.asarray(rows)) for rows in missed.values()])
        ran = (~np.isnan(by_app)).sum(axis=0)
        offset = np.nansum(by_app, axis=0) / (ran + SHRINKAGE)
    return Lesson(weights, offset - offset.mean())


def _mean(rows: np.ndarray) -> np.ndarray:
    known = (~np.isnan(rows)).sum(axis=0)
    return np.where(known > 0, np.nansum(rows, axis=0) / np.maximum(known, 1), math.nan)


def _explained(past: Past, objective: Objective, shapes: ClusterShapes) -> tuple[np.ndarray, np.ndarray] | None:
    """Votes over hypotheses (H,), by likelihood with the noise integrated out, and what they miss per past candidate."""
    values = {i: math.log(objective.value(o)) for i, o in past.outcomes.items() if o.ok and objective.known(o)}
    if len(values) < LEAST_RUNS:
        return None
    ran, sizes = list(values), sizes_of(past.candidates)
    sizes = Sizes(
        sizes.nodes[ran],
        sizes.cores[ran],
        None if sizes.memory is None else sizes.memory[ran],
        sizes.log_price[ran],
    )
    y = np.asarray(list(values.values()))
    fitted = shapes.log_values(sizes, shapes.shortage(sizes), objective.price_power)
    off = y - y.mean() - fitted
    evidence = -len(ran) / 2 * np.log((off**2).mean(axis=1) + FLOOR)
    vote = np.exp(evidence - evidence.max())
    vote /= vote.sum()
    missed = np.full(len(past.candidates), math.nan)
    missed[ran] = vote @ off
    return vote, missed
