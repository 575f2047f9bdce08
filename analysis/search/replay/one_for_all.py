"""One configuration for a set of workloads: Micky's bandit on a recording, with the loss against each workload's own optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.errors import SearchError
from analysis.plain import plain
from analysis.search.core.problem import Objective
from analysis.search.core.ranking import FAILED_LOSS
from analysis.search.core.recordings import Recording
from analysis.search.workload_sets.workload_set import SetSearch


@dataclass(frozen=True)
class Shared:
    """The choice for a set.

    Attributes:
        configuration: its name.
        left_out: configurations that are no choice, since not every workload was measured on them.
        pulls: runs that it took, over all workloads.
        exhaustive: runs that measuring every pair would take.
        losses: per workload, value on the shared configuration / its own optimum, over all that it was measured on;
            infinite where it fails there.
        best_possible: name and mean log loss (as a ratio) of the best single configuration in hindsight.
    """

    configuration: str
    left_out: int
    pulls: int
    exhaustive: int
    losses: dict[str, float]
    best_possible: tuple[str, float]

    @property
    def mean_loss(self) -> float:
        """Geometric mean over workloads."""
        return float(math.exp(np.mean(np.log(list(self.losses.values())))))

    def as_json(self) -> dict[str, Any]:
        """All of it; a loss where the workload fails is None."""
        return {**plain(self), "mean_loss": plain(self.mean_loss)}


def one_for_all(recordings: list[Recording], objective: Objective, seed: int = 0) -> Shared:
    """Search one configuration for all workloads of a recording.

    Raises:
        SearchError: fewer than two workloads, no configuration that all of them have, or none that failed in no run;
            features that do not tell a workload's configurations apart.
    """
    if len(recordings) < 2:
        raise SearchError(f"One configuration for a set needs at least two workloads; received {len(recordings)}.")
    indices = [_index_of(recording) for recording in recordings]
    common = [row for row in indices[0] if all(row in index for index in indices)]
    if not common:
        fewest = min(recordings, key=lambda r: len(r.candidates))
        raise SearchError(
            f"No configuration was measured for every one of {len(recordings)} workloads, so none can be compared over the "
            f"set; {fewest.workload} was measured on fewest, {len(fewest.candidates)}. Leave out those with few "
            "(--min-candidates N), or name the features that matter (--features a,b,c)."
        )
    places = [[index[row] for row in common] for index in indices]
    names = [[r.candidates.names[i] for i in at] for r, at in zip(recordings, places, strict=True)]
    shared = max(names, key=lambda of_one: len("".join(of_one)))  # the names that say most
    known = [r.feasible_values(objective) for r in recordings]
    values = np.asarray([of_one[at] for of_one, at in zip(known, places, strict=True)])
    if without := [r.workload for r, row in zip(recordings, values, strict=True) if not np.isfinite(row).any()]:
        raise SearchError(
            f"{without[0]} has no feasible run among the {len(shared)} configurations that every workload was measured on. "
            "Loosen the limit, or leave that workload out of the table."
        )
    search = SetSearch([r.workload for r in recordings], shared, objective, seed)
    while not search.stop():
        index = search.ask().index
        workload, shape = divmod(index, len(shared))
        search.tell(index, recordings[workload].outcomes[places[workload][shape]])
    chosen = search.choice()
    if chosen is None:
        raise SearchError(f"No shape is a choice for the set after {len(search.told)} runs: {search.why_none()}.")
    ratios = values / np.asarray([[of_one.min()] for of_one in known])
    hindsight = np.log(np.where(np.isfinite(ratios), ratios, math.exp(FAILED_LOSS))).mean(axis=0)
    best = int(np.argmin(hindsight))
    losses = {r.workload: float(ratios[w, chosen]) for w, r in enumerate(recordings)}
    return Shared(
        configuration=shared[chosen],
        left_out=len({row for index in indices for row in index}) - len(common),
        pulls=len(search.told),
        exhaustive=values.size,
        losses=losses,
        best_possible=(shared[best], float(math.exp(hindsight[best]))),
    )


def _index_of(recording: Recording) -> dict[tuple[tuple[str, object], ...], int]:
    """Index of each candidate by all of its features, as names of configurations differ between workloads."""
    columns = recording.candidates.rows
    found: dict[tuple[tuple[str, object], ...], int] = {}
    for i, row in enumerate(zip(*columns.values(), strict=True)):
        first = found.setdefault(tuple(zip(columns, row, strict=True)), i)
        if first != i:
            names = recording.candidates.names
            raise SearchError(
                f"{recording.workload} was measured on '{names[first]}' and '{names[i]}', which do not differ in "
                f"{', '.join(columns)}. Name the features in which they do, or leave --features out."
            )
    return found
