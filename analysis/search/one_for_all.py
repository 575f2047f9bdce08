"""One configuration for a set of workloads: Micky's bandit on a recording, with the loss against each workload's own optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.errors import SearchError
from analysis.search.micky import Bandit
from analysis.search.problem import Objective
from analysis.search.recordings import Recording

FAILED_ABOVE = math.log(10)  # a run that failed counts as ten times the workload's best: ours


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
        SearchError: fewer than two workloads, or no configuration that all of them have.
    """
    if len(recordings) < 2:
        raise SearchError(f"One configuration for a set needs at least two workloads; received {len(recordings)}.")
    shared = [n for n in recordings[0].candidates.names if all(n in r.candidates.names for r in recordings)]
    if not shared:
        raise SearchError("No configuration was measured for every workload, so none can be compared over the set.")
    values = np.asarray([[_value(r, name, objective) for name in shared] for r in recordings])
    if not np.isfinite(values).any(axis=1).all():
        raise SearchError(
            f"A workload has no feasible run among the {len(shared)} shared configurations. Loosen the limit."
        )
    bandit = Bandit(len(recordings), len(shared), seed)
    worst: dict[int, float] = {}
    while (pull := bandit.ask()) is not None:
        workload, arm = pull
        value = values[workload, arm]
        if not math.isfinite(value):
            value = math.exp(worst.get(workload, 0.0)) * 10  # ten times the worst seen of this workload
        worst[workload] = max(worst.get(workload, -math.inf), math.log(value))
        bandit.tell(workload, arm, math.log(value))
    chosen = bandit.choice()
    ratios = values / np.min(values, axis=1, keepdims=True)
    hindsight = np.log(np.where(np.isfinite(ratios), ratios, math.exp(FAILED_ABOVE))).mean(axis=0)
    best = int(np.argmin(hindsight))
    losses = {r.workload: float(ratios[w, chosen]) for w, r in enumerate(recordings)}
    return Shared(
        shared[chosen], len(bandit.pulls), values.size, losses, (shared[best], float(math.exp(hindsight[best])))
    )


def _value(recording: Recording, name: str, objective: Objective) -> float:
    outcome = recording.outcomes[recording.candidates.names.index(name)]
    return objective.value(outcome) if objective.feasible(outcome) else math.inf
