"""``bakeoff`` by itself and told how many uses regret is counted for: only the stop differs, so each search is played once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from analysis.search.core.problem import Objective, Problem
from analysis.search.core.recordings import Recording
from analysis.search.replay import scores
from analysis.search.replay.follow import follow, problem_for
from analysis.search.replay.scores import FACTORS, Score
from analysis.search.strategies.bakeoff import USES, Bakeoff

ASKED = (USES, *FACTORS)


class Stops(Bakeoff):
    """Goes on until it would have stopped for each of :data:`ASKED` uses; ``after``: runs until then, by uses."""

    def __init__(self, after: dict[float, int], problem: Problem, seed: int) -> None:
        super().__init__(problem, seed)
        self.after = after

    def stop(self, pending: int = 0) -> str | None:
        for uses in ASKED:
            self.uses = uses
            if uses not in self.after and super().stop(pending):
                self.after[uses] = len(self.told)
        return "for none of them the next run pays for itself" if all(uses in self.after for uses in ASKED) else None


def play_bakeoff(
    judged: list[Recording], recordings: list[Recording], objective: Objective, seeds: int, runs: int
) -> tuple[list[Score], list[Score]]:
    """A score per workload of ``bakeoff`` by itself, and of ``bakeoff`` told K."""
    by_itself, told = [], []
    for recording in judged:
        problem = problem_for(recording, recordings, objective)
        found: dict[float, list[Score]] = {uses: [] for uses in ASKED}
        for seed in range(seeds):
            after: dict[float, int] = {}
            trace = follow(partial(Stops, after), recording, problem, seed, followed=runs)
            for uses, stop in after.items():
                found[uses].append(scores.score(replace(trace, stopped_after=stop), recording, objective, runs))
        means = {uses: scores.mean(of) for uses, of in found.items()}
        by_itself.append(means[USES])
        told.append(replace(means[USES], total_cost={str(k): means[k].total_cost[str(k)] for k in FACTORS}))
    return by_itself, told
