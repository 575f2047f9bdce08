"""Arrow: low-level augmented Bayesian optimisation (Hsu et al., arXiv 1712.10081).

From the paper: Extra-Trees on ordered pairs (configuration j, low-level metrics of its run, configuration i) -> value
of i, averaged over all measured j; six metrics; the best prediction is run next; stop when it exceeds 1.1 times the
best found, 1.05 for time * cost. Ours: three quasi-random starting points as CherryPick's, the logarithm of the
value, 40 trees, and what happens without metrics: the pairs have configurations only.
"""

from __future__ import annotations

import math

import numpy as np

from analysis.search.core.encoding import encode
from analysis.search.core.low_level import metric_matrix, metric_names
from analysis.search.core.problem import Problem
from analysis.search.strategies.cherrypick import START_POINTS, quasi_random
from analysis.search.strategies.strategy import Proposal, Strategy, until_told

STOP_ABOVE = 1.1  # paper
STOP_ABOVE_PRODUCT = 1.05  # paper, for time * cost
TREES = 40


class Arrow(Strategy):
    """Runs the best prediction of Extra-Trees on pairs of configurations with low-level metrics."""

    name = "arrow"

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        self.x = encode(problem.candidates).matrix
        self.start = quasi_random(self.x, seed)

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        begin = [i for i in self.start if i in open_]
        if begin and len(self.told) + len(pending) < START_POINTS:
            return Proposal(begin[0], "a quasi-random starting point")
        mean, deviation = self._predict()
        index = min(open_, key=lambda i: mean[i])
        best = self.best()
        gain = None if best is None else max(0.0, 1 - math.exp(float(mean[index])) / best[1])
        said = f"predicted {math.exp(float(mean[index])):.3g}, uncertainty ±{float(deviation[index]):.0%}"
        return Proposal(index, said, gain, float(deviation[index]))

    def stop_reason(self) -> str | None:
        best = self.best()
        if best is None or len(self.told) <= START_POINTS:
            return None
        objective = self.problem.objective
        factor = STOP_ABOVE_PRODUCT if objective.name == "weighted" else STOP_ABOVE
        mean, _ = self._predict()
        left = min(math.exp(float(mean[i])) for i in range(len(mean)) if i not in self.told)
        if left <= factor * best[1]:
            return None
        return f"the best prediction exceeds {factor} times the best found"

    @until_told
    def _predict(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the log value per candidate, (n,) each."""
        from sklearn.ensemble import ExtraTreesRegressor

        told, y = self.training()
        outcomes = [self.told[i] for i in told]
        sources = np.hstack([self.x[told], metric_matrix(outcomes, metric_names(outcomes))])
        k, n = len(told), len(self.x)
        pairs = np.hstack([np.repeat(sources, k, axis=0), np.tile(self.x[told], (k, 1))])
        forest = ExtraTreesRegressor(TREES, random_state=self.seed, n_jobs=1).fit(pairs, np.tile(y, k))
        asked = np.hstack([np.repeat(sources, n, axis=0), np.tile(self.x, (k, 1))])
        each = np.asarray([tree.predict(asked).reshape(k, n).mean(axis=0) for tree in forest.estimators_])
        return each.mean(axis=0), each.std(axis=0)
