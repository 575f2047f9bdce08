"""Past workloads as a prior: their mean shape over the candidates, and the ways in which they differ from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.search.encoding import encode
from analysis.search.gaussian_process import matern52, squared_distances
from analysis.search.problem import Past, Problem
from analysis.search.ranking import matched

LEAST_RUNS = 3  # a past workload with fewer runs says nothing about a shape
FAILED_ABOVE = 0.3  # a failed run stands this much above the worst that ended well (log)
LENGTH, SMOOTH_SD, LINEAR_SD, NOISE_VARIANCE = 2.0, 0.5, 0.25, 0.005  # of the process that fills what was not run


@dataclass(frozen=True)
class PastShape:
    """Mean log value of past workloads, (n,), each about its own level; and factors (w, n) of their covariance."""

    mean: np.ndarray
    factors: np.ndarray


def past_shape(problem: Problem) -> PastShape | None:
    """None without past runs that can be used. Every application counts the same, however many workloads it has."""
    rows, apps = [], []
    for past in problem.history:
        row = _log_values(past, problem)
        if row is not None:
            rows.append(row - row.mean())
            apps.append(past.app)
    if not rows:
        return None
    shapes = np.asarray(rows)
    weights = np.asarray([1 / apps.count(app) for app in apps])
    weights /= weights.sum()
    mean = weights @ shapes
    few = 1 + 1 / max(1, len(set(apps)) - 1)  # a mean of few applications is itself uncertain
    return PastShape(mean, np.sqrt(weights * few)[:, None] * (shapes - mean))


def _log_values(past: Past, problem: Problem) -> np.ndarray | None:
    objective = problem.objective
    known = {i: math.log(objective.value(o)) for i, o in past.outcomes.items() if o.ok and objective.known(o)}
    if len(known) < LEAST_RUNS:
        return None
    failed = max(known.values()) + FAILED_ABOVE
    known |= {i: failed for i, o in past.outcomes.items() if not o.ok}
    row = np.asarray([math.nan if i is None else known[i] for i in matched(past, problem.candidates)])
    return _filled(row, past, known, problem) if np.isnan(row).any() else row


def _filled(row: np.ndarray, past: Past, known: dict[int, float], problem: Problem) -> np.ndarray:
    """Candidates that the past workload was not run on, from a Gaussian process over its own runs."""
    encoding = encode(problem.candidates, past.candidates)
    n = len(problem.candidates)
    base = np.zeros(len(encoding.matrix))
    if problem.candidates.usd_per_hour is not None and past.candidates.usd_per_hour is not None:
        base += problem.objective.price_power * np.log(
            [*problem.candidates.usd_per_hour, *past.candidates.usd_per_hour]
        )
    if encoding.log_cores is not None:
        base -= 0.6 * encoding.log_cores
    x, ran = encoding.matrix, [n + i for i in known]
    off = np.asarray(list(known.values())) - base[ran]

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(SMOOTH_SD**2 * matern52(squared_distances(a, b) / LENGTH**2) + LINEAR_SD**2 * a @ b.T)

    weights = np.linalg.solve(covariance(x[ran], x[ran]) + NOISE_VARIANCE * np.eye(len(ran)), off - off.mean())
    guessed = base[:n] + off.mean() + covariance(x[:n], x[ran]) @ weights
    return np.where(np.isnan(row), guessed, row)
