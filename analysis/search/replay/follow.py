"""Replay: judge strategies on recorded runs, as if each run were paid for.

A strategy sees the outcome of a configuration only after it proposed it. Strategies that learn from past runs are
given the workloads of *other* applications in the same recording, never one of the application judged. A search is
followed past its own stop until it is within 10 % of the optimum and 12 runs long, so that all can be compared at
equal numbers of runs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from analysis.errors import SearchError
from analysis.measures.formats import plural
from analysis.search.core.problem import Objective, Problem
from analysis.search.core.recordings import Recording
from analysis.search.strategies.strategy import Strategy

NEAR = 1.10  # "within 10 % of the optimum"
CHECKPOINTS = (4, 6, 8, 12)
STRATEGY_FACTORY = Callable[[Problem, int], Strategy]


@dataclass(frozen=True)
class Trace:
    """One search: candidates in the order they were run, and where the strategy would have stopped.

    Attributes:
        order: indices of candidates.
        values: objective of each run; infinite where it failed or broke a limit.
        paid: objective paid for each run, also for those that failed.
        stopped_after: runs at the strategy's own stop; None: it never said so.
        stop_reason: in its words.
        seconds: longest ask, tell and stop together.
    """

    order: tuple[int, ...]
    values: np.ndarray
    paid: np.ndarray
    stopped_after: int
    stop_reason: str
    seconds: float

    def best_so_far(self) -> np.ndarray:
        """Best feasible value after each run."""
        return np.minimum.accumulate(self.values)


def problem_for(
    recording: Recording, recordings: Iterable[Recording], objective: Objective, history: bool = True
) -> Problem:
    """The problem of finding the best configuration of one workload, with other applications as its past."""
    past = tuple(r.past() for r in recordings if r.app != recording.app) if history else ()
    return Problem(recording.candidates, objective, past)


def follow(
    make: STRATEGY_FACTORY,
    recording: Recording,
    problem: Problem,
    seed: int,
    least_runs: int = max(CHECKPOINTS),
    followed: int | None = None,
) -> Trace:
    """Run one search on a recording, until it is near the optimum or, past its own stop, ``followed`` runs long."""
    strategy = make(problem, seed)
    objective = problem.objective
    known = recording.feasible_values(objective)
    optimum = known.min()
    order: list[int] = []
    stopped, reason, slowest = 0, "", 0.0
    best = math.inf
    while len(order) < len(known):
        began = time.perf_counter()
        index = strategy.ask().index
        strategy.tell(index, recording.outcomes[index])
        order.append(index)
        said = strategy.stop() if not stopped else None
        slowest = max(slowest, time.perf_counter() - began)
        best = min(best, known[index])
        if said:
            stopped, reason = len(order), said
        enough = best <= NEAR * optimum or (followed is not None and len(order) >= followed)
        if stopped and len(order) >= least_runs and enough:
            break
    paid = np.asarray([objective.value(recording.outcomes[i]) for i in order])
    return Trace(tuple(order), known[order], paid, stopped or len(order), reason, slowest)


def judgeable(
    recordings: list[Recording], objective: Objective, min_candidates: int | None = None
) -> tuple[list[Recording], list[str]]:
    """Workloads on which strategies can be judged, and notes on those left out.

    Args:
        recordings: all that were loaded.
        objective: with its limits.
        min_candidates: shortest list; None: a third of the longest one.

    Raises:
        SearchError: no workload is left.
    """
    longest = max(len(r.candidates) for r in recordings)
    least = min_candidates if min_candidates is not None else math.ceil(longest / 3)
    notes, kept = [], []
    if short := [r.workload for r in recordings if len(r.candidates) < least]:
        notes.append(
            f"{plural(len(short), 'workload')} with fewer than {least} candidates: not judged: {', '.join(short[:12])}"
        )
    for recording in recordings:
        if len(recording.candidates) < least:
            continue
        if np.isfinite(recording.feasible_values(objective)).any():
            kept.append(recording)
        else:
            notes.append(f"{recording.workload}: no run ended well within the limits of '{objective}', left out")
    if not kept and any(np.isfinite(r.feasible_values(objective)).any() for r in recordings):
        raise SearchError(
            f"No workload with at least {least} candidates has a feasible configuration for '{objective}', but a shorter list "
            f"has; the longest has {longest} candidates. Give a smaller --min-candidates."
        )
    if not kept:
        raise SearchError(
            f"No workload has a feasible configuration for '{objective}'. Loosen the limit, or check the column completed."
        )
    return kept, notes
