"""Ernest as a search: one scaling model per machine type, trained on designed points (Venkataraman et al., NSDI 2016).

The model and its design are :mod:`analysis.search.model.ernest_model`, from the paper. Ours: at most three training points
per machine type, those with the largest shares of the design; then the predicted best is run until the best
prediction has been run. In the paper the training points use 1 to 10 % of the input, so they cost little; a recording
has full inputs only, and every run counts in full.
"""

from __future__ import annotations

import math

import numpy as np

from analysis.errors import SearchError
from analysis.search.core.features import NODES, first_of
from analysis.search.core.problem import Problem
from analysis.search.model import ernest_model
from analysis.search.strategies.strategy import Proposal, Strategy

POINTS_PER_TYPE = 3


class Ernest(Strategy):
    """Designed training runs, type by type, then the predicted best."""

    name = "ernest"
    uses_seed = False

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        features = problem.candidates.features
        column = first_of(features.columns, NODES)
        count = features[column].astype(float).fillna(1.0) if column else np.ones(len(problem.candidates))
        self.machines = np.maximum(1.0, np.asarray(count, float))
        others = [c for c in features.columns if c != column and not c.startswith("total_")]
        labels = features[others].astype("string").fillna("?").agg("|".join, axis=1) if others else [""] * len(features)
        self.types = list(labels)
        price = problem.candidates.usd_per_hour
        self.rate = np.ones(len(self.types)) if price is None else np.power(price, problem.objective.price_power)
        self.training_points = self._designed()

    def _designed(self) -> list[int]:
        """Training points of all types, the largest share of each first."""
        queues = []
        for kind in dict.fromkeys(self.types):
            members = np.flatnonzero([t == kind for t in self.types])
            machines = self.machines[members]
            ones = np.ones(len(members))
            shares = ernest_model.design(ones, machines, max(1e-3, 0.5 * (ones / machines).sum()))
            queues.append(members[np.argsort(-shares, kind="stable")][:POINTS_PER_TYPE].tolist())
        return [queue[k] for k in range(POINTS_PER_TYPE) for queue in queues if k < len(queue)]

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        todo = [i for i in self.training_points if i in open_]
        if todo:
            return Proposal(todo[0], "a training point of the design for its machine type")
        predicted = self._predicted()
        index = min(open_, key=lambda i: predicted[i])
        best = self.best()
        gain = None if best is None else max(0.0, 1 - float(predicted[index]) / best[1])
        return Proposal(index, "the best prediction of the scaling models", gain)

    def stop_reason(self) -> str | None:
        best = self.best()
        if any(i not in self.told for i in self.training_points) or best is None:
            return None
        predicted = self._predicted()
        left = min((predicted[i] for i in range(len(predicted)) if i not in self.told), default=math.inf)
        return "no candidate is predicted better than the best run" if left >= best[1] else None

    def _predicted(self) -> np.ndarray:
        """Value of every candidate; infinite for types without enough runs."""
        found = np.full(len(self.types), math.inf)
        for kind in dict.fromkeys(self.types):
            members = np.flatnonzero([t == kind for t in self.types])
            ran = [int(i) for i in members if i in self.told and self.told[int(i)].ok]
            scaled = np.asarray([self.value(i) / self.rate[i] for i in ran])
            try:
                model = ernest_model.fit(np.ones(len(ran)), self.machines[ran], scaled, bootstraps=0)
                found[members] = self.rate[members] * model.predict(np.ones(len(members)), self.machines[members])
            except SearchError:  # too few sizes of this type ended well
                if ran:
                    found[members] = self.rate[members] * scaled.min()
        return found
