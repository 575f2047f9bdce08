"""A tournament: several strategies, workloads and seeds, replayed and judged; rows and summary as ``bakeoff replay``
prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from analysis.errors import SearchError
from analysis.search.core.problem import Objective
from analysis.search.core.recordings import Recording
from analysis.search.replay import scores
from analysis.search.replay.follow import CHECKPOINTS, follow, problem_for
from analysis.search.replay.scores import Score
from analysis.search.strategies.random_order import RUNS, Random
from analysis.search.strategies.registry import strategy_for, strategy_named


@dataclass(frozen=True)
class Row:
    """One strategy on one workload: means over the seeds."""

    strategy: str
    workload: str
    app: str
    candidates: int
    score: Score
    best_so_far: tuple[float, ...]  # found / optimum after 1, 2, ... 12 runs, mean over the seeds
    stop_reason: str
    slowest_step_s: float

    def as_json(self) -> dict[str, Any]:
        flat = {key: value for key, value in asdict(self).items() if key != "score"}
        return {**flat, **asdict(self.score)}


@dataclass(frozen=True)
class Result:
    """The scores of a replay, and notes on what was left out."""

    rows: list[Row]
    notes: list[str]

    def summary(self) -> list[dict[str, Any]]:
        """One entry per strategy: means over workloads, every workload the same weight; counts are sums."""
        found = []
        for name in dict.fromkeys(row.strategy for row in self.rows):
            rows = [row for row in self.rows if row.strategy == name]
            found.append({"strategy": name, "workloads": len(rows), **asdict(scores.mean([r.score for r in rows]))})
        return found


def play(
    names: list[str],
    judged: list[Recording],
    recordings: list[Recording],
    objective: Objective,
    seeds: int,
    advance: Callable[[int, int], None] = lambda done, total: None,
    history: bool = True,
    followed: int | None = None,
    uses: float | None = None,
) -> Result:
    """Replay every strategy on every workload.

    Args:
        names: strategies.
        judged: workloads to search for (:func:`analysis.search.replay.follow.judgeable`).
        recordings: all workloads: those of other applications are the past of the one searched for.
        objective: with its limits.
        seeds: searches per workload, seeds 0, 1, ...; a method without chance is followed once.
        advance: told how many of how many searches are done.
        history: False: no strategy is given past runs.
        followed: runs after which "within 10 %" counts as never and a search past its own stop is left; None: no bound.
        uses: how often a configuration will be used once found (:func:`analysis.search.strategies.registry.strategy_for`).

    Raises:
        SearchError: an unknown strategy, or one that needs a past on a recording of one application only.
    """
    kinds = [strategy_named(name) for name in names]
    rows: list[Row] = []
    notes: list[str] = []
    work = [(kind, recording) for kind in kinds for recording in judged]
    for done, (kind, recording) in enumerate(work):
        advance(done, len(work))
        problem = problem_for(recording, recordings, objective, history)
        try:
            seeded = range(seeds if kind.uses_seed else 1)
            make = partial(strategy_for, kind.name, uses=uses)
            traces = [follow(make, recording, problem, seed, followed=followed) for seed in seeded]
        except SearchError as error:
            if len(kinds) == 1 or not (kind.needs_history and not problem.history):
                raise SearchError(f"{kind.name} on {recording.workload}: {error}") from error
            if kind.name not in " ".join(notes):
                notes.append(f"{kind.name} is left out: {error}")
            continue
        scored = [scores.score(trace, recording, objective, followed) for trace in traces]
        curves = [_curve(trace.best_so_far(), recording, objective) for trace in traces]
        one = scores.mean(scored)
        if kind is Random:
            one = scores.random_expectation(recording, objective, RUNS)
            curves = [scores.random_curve(recording, objective, max(CHECKPOINTS))]
        rows.append(
            Row(
                strategy=kind.name,
                workload=recording.workload,
                app=recording.app,
                candidates=len(recording.candidates),
                score=one,
                best_so_far=tuple(np.mean(curves, axis=0).round(6).tolist()),
                stop_reason=traces[0].stop_reason,
                slowest_step_s=max(trace.seconds for trace in traces),
            )
        )
    advance(len(work), len(work))
    return Result(rows, notes)


def _curve(best: np.ndarray, recording: Recording, objective: Objective) -> np.ndarray:
    """Found / optimum after 1, 2, ... 12 runs."""
    return scores.ratios(best, recording.feasible_values(objective))[: max(CHECKPOINTS)]
