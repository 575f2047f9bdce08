"""Scores of a search: runs to come near the optimum, regret at its own stop, search cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from analysis.search.core.problem import Objective
from analysis.search.core.recordings import Recording
from analysis.search.replay.follow import CHECKPOINTS, NEAR, Trace

OPTIMAL = 1 + 1e-9  # a value up to so many times the optimum is the optimum
COUNTS = ("searches", "censored", "censored_at_stop", "found_nothing")
FACTORS = (10, 50)  # K: how often the found configuration will be used; search cost + K x regret is then paid in all


@dataclass(frozen=True)
class Score:
    """Means over the searches of one strategy, on one workload or on several.

    Attributes:
        searches: how many; a method without chance is followed once.
        runs_to_stop: runs at its own stop.
        runs_to_within_10pct: runs until within 10 % of the optimum, the own stop ignored; the list's length where
            it never is.
        censored: searches that were never within 10 %.
        censored_at_stop: searches whose own stop came before they were within 10 %.
        runs_to_within_10pct_at_stop: the same mean with those counted as the list's length.
        regret: found / optimum at its own stop; the worst feasible value stands in where nothing was found.
        found_optimum: share of searches that had the very best at their stop.
        found_nothing: searches without any feasible run at their stop.
        search_cost: sum of the objective paid until its own stop, failed runs included / optimum.
        best_after: found / optimum after 4, 6, 8, 12 runs, the own stop ignored.
        total_cost: search cost + K x regret for K = 10 and 50.
    """

    searches: int
    runs_to_stop: float
    runs_to_within_10pct: float
    censored: float
    censored_at_stop: float
    runs_to_within_10pct_at_stop: float
    regret: float
    found_optimum: float
    found_nothing: float
    search_cost: float
    best_after: dict[str, float]
    total_cost: dict[str, float]


def score(trace: Trace, recording: Recording, objective: Objective, followed: int | None = None) -> Score:
    """One search. ``followed``: what comes within 10 % after more runs than this counts as never; None: no such bound."""
    known = recording.feasible_values(objective)
    optimum, best = known.min(), trace.best_so_far()
    ratio = ratios(best, known)
    near = np.flatnonzero(best[:followed] <= NEAR * optimum)
    n = len(known)
    runs = int(near[0]) + 1 if len(near) else n
    stop = trace.stopped_after
    cost = float(np.nansum(trace.paid[:stop]) / optimum)
    regret = float(ratio[stop - 1])
    late = not len(near) or runs > stop
    return Score(
        searches=1,
        runs_to_stop=stop,
        runs_to_within_10pct=runs,
        censored=float(not len(near)),
        censored_at_stop=float(late),
        runs_to_within_10pct_at_stop=n if late else runs,
        regret=regret,
        found_optimum=float(best[stop - 1] <= optimum * OPTIMAL),
        found_nothing=float(not np.isfinite(best[stop - 1])),
        search_cost=cost,
        best_after={str(c): float(ratio[min(c, len(ratio)) - 1]) for c in CHECKPOINTS},
        total_cost={str(k): cost + k * regret for k in FACTORS},
    )


def mean(scores: list[Score]) -> Score:
    """Means over searches; those of :data:`COUNTS` are sums."""

    def merged(name: str, values: list[Any]) -> Any:
        if isinstance(values[0], dict):
            return {key: merged(name, [value[key] for value in values]) for key in values[0]}
        return sum(values) if name in COUNTS else float(np.mean(values))

    return Score(**{f.name: merged(f.name, [getattr(score, f.name) for score in scores]) for f in fields(Score)})


def ratios(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values / optimum of the known ones; the worst known one stands in where nothing feasible was found."""
    worst = known[np.isfinite(known)].max()
    return np.asarray(np.where(np.isfinite(values), values, worst) / known.min())


def random_expectation(recording: Recording, objective: Objective, budget: int) -> Score:
    """Exact expectation of drawing without replacement, over all orders.

    The best of m draws from n values exceeds the k best ones with probability C(n - k, m) / C(n, m); the first of g near
    ones comes after (n + 1) / (g + 1) draws (negative hypergeometric). Optima that tie are each the optimum.
    """
    known = recording.feasible_values(objective)
    n = len(known)
    optimum = known.min()
    ranked = np.sort(ratios(known, known))
    near = int((known <= NEAR * optimum).sum())
    budget = min(budget, n)
    paid = np.asarray([objective.value(o) for o in recording.outcomes])
    cost = float(np.nansum(paid) / n * budget / optimum)
    regret = _expected_best(ranked, budget)
    failed = int((~np.isfinite(known)).sum())
    optimal = int((known <= OPTIMAL * optimum).sum())
    firsts = [math.comb(n - k, near - 1) / math.comb(n, near) for k in range(1, n - near + 2)]
    at_stop = sum(k * p if k <= budget else n * p for k, p in enumerate(firsts, 1))
    return Score(
        searches=1,
        runs_to_stop=budget,
        runs_to_within_10pct=(n + 1) / (near + 1),
        censored=0.0,
        censored_at_stop=_none_drawn(n, near, budget),
        runs_to_within_10pct_at_stop=at_stop,
        regret=regret,
        found_optimum=1 - _none_drawn(n, optimal, budget),
        found_nothing=_none_drawn(n, n - failed, budget),
        search_cost=cost,
        best_after={str(c): _expected_best(ranked, min(c, n)) for c in CHECKPOINTS},
        total_cost={str(k): cost + k * regret for k in FACTORS},
    )


def random_curve(recording: Recording, objective: Objective, draws: int) -> np.ndarray:
    """Exact expectation of found / optimum after 1, 2, ... random draws, up to ``draws`` or the length of the list."""
    known = recording.feasible_values(objective)
    ranked = np.sort(ratios(known, known))
    return np.asarray([_expected_best(ranked, m) for m in range(1, min(draws, len(known)) + 1)])


def _none_drawn(n: int, of: int, draws: int) -> float:
    return math.comb(n - of, draws) / math.comb(n, draws)


def _expected_best(ranked: np.ndarray, draws: int) -> float:
    n = len(ranked)
    above = [_none_drawn(n, k, draws) for k in range(n + 1)]
    return float(sum(value * (above[k] - above[k + 1]) for k, value in enumerate(ranked)))
