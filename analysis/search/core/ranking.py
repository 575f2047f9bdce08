"""Past workloads on the candidates at hand: matched by their features, each relative to its own best."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.search.core.problem import Candidates, Past, Problem

FAILED_LOSS = math.log(10)  # a run that failed counts as ten times the workload's best: ours, not of a paper


def match_candidates(past: Past, candidates: Candidates) -> list[int | None]:
    """For each candidate, the index of the same configuration in past runs; None: it was not run."""
    shared = [c for c in candidates.rows if c in past.candidates.rows]
    ours = zip(*(candidates.rows[c] for c in shared), strict=True)
    theirs = zip(*(past.candidates.rows[c] for c in shared), strict=True)
    index = {key: i for i, key in enumerate(theirs) if i in past.outcomes}
    return [index.get(key) for key in ours] if shared else [None] * len(candidates)


def log_losses(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """log(value / the workload's best) of past workloads on the candidates, and their applications.

    Returns:
        (workloads, candidates), NaN where a configuration was not run; and one application per row.
    """
    rows, apps = [], []
    for past in problem.history:
        objective = problem.objective
        if not all(objective.known(o) for o in past.outcomes.values()):
            continue
        values = {i: objective.value(o) for i, o in past.outcomes.items() if objective.feasible(o)}
        if not values:
            continue
        best = min(values.values())
        row = [
            math.nan if i is None else math.log(values[i] / best) if i in values else FAILED_LOSS
            for i in match_candidates(past, problem.candidates)
        ]
        rows.append(row)
        apps.append(past.app)
    return np.asarray(rows, float).reshape(len(rows), len(problem.candidates)), np.asarray(apps)


def mean_log_loss(problem: Problem) -> np.ndarray:
    """Mean over applications of the mean log loss of their workloads, (n,); infinite where nothing is known."""
    losses, apps = log_losses(problem)
    if not len(losses):
        return np.full(len(problem.candidates), math.inf)
    by_app = pd.DataFrame(losses).groupby(apps).mean()
    known = by_app.notna().sum()
    mean = by_app.mean().where(known >= max(1, len(by_app) / 2))  # run by half of the applications, at least
    return mean.fillna(math.inf).to_numpy()
