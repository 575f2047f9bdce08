"""PARIS: choose by a fingerprint on two reference configurations (Yadwadkar et al., SoCC 2017).

Known from the paper's outline only: offline, workloads are run on all types; online, the new one runs on two
reference types; its fingerprint, counters and run times there, together with the specification of a target, goes into
a random forest that predicts mean and 90th percentile. Ours: the references are the smallest and the largest
configuration by total cores (else the first and last); the forest predicts the logarithm of value / value on the
first reference; 100 trees; the percentile is that over the trees; the run of the predicted best ends it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.search.core.encoding import encode
from analysis.search.core.low_level import metric_matrix, metric_names
from analysis.search.core.problem import Past, Problem
from analysis.search.core.ranking import match_candidates, mean_log_loss
from analysis.search.strategies.strategy import Proposal, Strategy, until_told

TREES = 100
FAILED_RATIO = math.log(10.0)  # a past run that failed counts as ten times the first reference


class Paris(Strategy):
    """Two reference runs, then the best prediction of a random forest on their fingerprint."""

    name = "paris"
    needs_history = True

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        encoding = encode(problem.candidates)
        self.x = encoding.matrix
        size = encoding.log_cores if encoding.log_cores is not None else np.arange(len(self.x))
        self.references = list(dict.fromkeys([int(np.argmin(size)), int(np.argmax(size))]))
        self.metrics = metric_names(o for past in problem.history for o in past.outcomes.values())
        self.prior = mean_log_loss(problem)
        self.forest = self._trained()

    def _trained(self) -> Any:
        from sklearn.ensemble import RandomForestRegressor

        rows: list[np.ndarray] = []
        values: list[float] = []
        for past in self.problem.history:
            self._learn(past, rows, values)
        if not rows:
            return None
        return RandomForestRegressor(TREES, random_state=self.seed, min_samples_leaf=2, n_jobs=1).fit(
            np.asarray(rows), values
        )

    def _learn(self, past: Past, rows: list[np.ndarray], values: list[float]) -> None:
        """Rows of one past workload; none if it was not run on the references."""
        objective = self.problem.objective
        places = match_candidates(past, self.problem.candidates)
        if any(places[r] is None for r in self.references) or not all(
            objective.known(o) for o in past.outcomes.values()
        ):
            return
        outcomes = [None if place is None else past.outcomes[place] for place in places]
        ran = [o for o in (outcomes[r] for r in self.references) if o is not None]
        if not all(o.ok for o in ran):
            return
        logs = np.log([objective.value(o) for o in ran])
        fingerprint = np.concatenate([logs - logs[0], metric_matrix(ran, self.metrics).ravel()])
        for i, outcome in enumerate(outcomes):
            if outcome is not None:
                rows.append(np.concatenate([fingerprint, self.x[i]]))
                values.append(math.log(objective.value(outcome)) - logs[0] if outcome.ok else FAILED_RATIO)

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        todo = [i for i in self.references if i in open_]
        if todo:
            return Proposal(todo[0], "a reference configuration, for the fingerprint")
        mean, p90 = self._predict()
        index = min(open_, key=lambda i: (mean[i], self.prior[i]))
        return Proposal(index, f"predicted {math.exp(mean[index]):.3g}, 90th percentile {math.exp(p90[index]):.3g}")

    def stop_reason(self) -> str | None:
        if any(i not in self.told for i in self.references) or self.best() is None:
            return None
        mean, _ = self._predict()
        index = int(np.argmin(mean))
        return "the predicted best has been run" if index in self.told else None

    @until_told
    def _predict(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and 90th percentile of the log value per candidate, (n,) each."""
        told, y = self.training()
        logs = np.asarray([y[told.index(r)] if r in told else y.mean() for r in self.references])
        if self.forest is None:
            return self.prior + logs[0], self.prior + logs[0]
        ran = [self.told[r] for r in self.references if r in self.told]
        low = metric_matrix(ran, self.metrics).ravel()
        low = np.concatenate([low, np.zeros(len(self.metrics) * len(self.references) - len(low))])
        row = np.concatenate([logs - logs[0], low])
        asked = np.hstack([np.tile(row, (len(self.x), 1)), self.x])
        each = np.asarray([tree.predict(asked) for tree in self.forest.estimators_]) + logs[0]
        return each.mean(axis=0), np.quantile(each, 0.9, axis=0)
