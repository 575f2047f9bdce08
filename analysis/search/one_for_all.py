"""One configuration for a set of workloads: Micky's bandit on a recording, with the loss against each workload's own optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.errors import SearchError
from analysis.search.problem import Objective
from analysis.search.ranking import FAILED_LOSS
from analysis.search.recordings import Recording
from analysis.search.workload_set import SetSearch


@dataclass(frozen=True)
class Shared:
    """The choice for a set.

    Attributes:
        configuration: its name.
        pulls: runs that it took, over all workloads.
        exhaustive: runs that measuring every pair would take.
        losses: per workload, value on the shared configuration / its own optimum; infinite where it fails there.
        best_possible: name and mean log loss (as a ratio) of the best single configuration in hindsight.
    """

    configuration: str
    pulls: int
    exhaustive: int
    losses: dict[str, float]
    best_possible: tuple[str, float]

    @property
    def mean_loss(self) -> float:
        """Geometric mean over workloads."""
        return float(math.exp(np.mean(np.log(list(self.losses.values())))))


def one_for_all(recordings: list[Recording], objective: Objective, seed: int = 0) -> Shared:
    """Search one configuration for all workloads of a recording.

    Raises:
        SearchError: fewer than two workloads, no configuration that all of them have, or none that failed in no run.
    """
    if len(recordings) < 2:
        raise SearchError(f"One configuration for a set needs at least two workloads; received {len(recordings)}.")
    shared = [n for n in recordings[0].candidates.names if all(n in r.candidates.names for r in recordings)]
    if not shared:
        raise SearchError("No configuration was measured for every workload, so none can be compared over the set.")
    places = [[r.candidates.names.index(name) for name in shared] for r in recordings]
    values = np.asarray([r.feasible_values(objective)[at] for r, at in zip(recordings, places, strict=True)])
    if not np.isfinite(values).any(axis=1).all():
        raise SearchError(
            f"A workload has no feasible run among the {len(shared)} shared configurations. Loosen the limit."
        )
    search = SetSearch([r.workload for r in recordings], shared, objective, seed)
    while not search.stop():
        index = search.ask().index
        workload, shape = divmod(index, len(shared))
        search.tell(index, recordings[workload].outcomes[places[workload][shape]])
    chosen = search.choice()
    if chosen is None:
        raise SearchError(f"No shape is a choice for the set after {len(search.told)} runs: {search.why_none()}.")
    ratios = values / np.min(values, axis=1, keepdims=True)
    hindsight = np.log(np.where(np.isfinite(ratios), ratios, math.exp(FAILED_LOSS))).mean(axis=0)
    best = int(np.argmin(hindsight))
    losses = {r.workload: float(ratios[w, chosen]) for w, r in enumerate(recordings)}
    return Shared(
        shared[chosen], len(search.told), values.size, losses, (shared[best], float(math.exp(hindsight[best])))
    )
