"""Scout: search by a classifier that learnt from other workloads (Hsu et al., arXiv 1803.01296).

Known from the paper's outline only: a classifier trained on other workloads, (configuration i, low-level metrics
there, configuration j) -> whether j is better than, the same as or worse than i; go where "better" is most probable;
stop when it exceeds one half nowhere, with a tolerance for mispredictions. Ours: the bounds of the classes, a random
forest of 100 trees on at most 6,000 pairs, the start at the candidate that is best over the past, a tolerance of
three runs, and what happens without metrics.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.search.core.encoding import encode
from analysis.search.core.low_level import metric_matrix, metric_names
from analysis.search.core.problem import Outcome, Problem
from analysis.search.core.ranking import match_candidates, mean_log_loss
from analysis.search.strategies.strategy import Proposal, Strategy

BETTER, WORSE = 0.95, 1.05  # value of j / value of i
STOP_BELOW = 0.5
TOLERANCE = 3  # runs that did not turn out better before the search gives up
PAIRS = 6000
TREES = 100


class Scout(Strategy):
    """Runs the candidate that a classifier finds most likely to be better than the best so far."""

    name = "scout"
    needs_history = True

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        self.x = encode(problem.candidates).matrix
        self.prior = mean_log_loss(problem)
        self.metrics = metric_names(o for past in problem.history for o in past.outcomes.values())
        self.forest = self._trained()
        self.misses = 0

    def _trained(self) -> Any:
        """A forest of P(better); None where no past pair of configurations is known."""
        from sklearn.ensemble import RandomForestClassifier

        rows, labels = [], []
        share = max(1, PAIRS // len(self.problem.history))
        objective = self.problem.objective
        for past in self.problem.history:
            places = [
                (here, there)
                for here, there in enumerate(match_candidates(past, self.problem.candidates))
                if there is not None
            ]
            if len(places) < 2 or not all(objective.known(o) for o in past.outcomes.values()):
                continue
            chosen = self.rng.integers(0, len(places), size=(share, 2))
            values = [objective.value(o) if o.ok else math.inf for o in (past.outcomes[there] for _, there in places)]
            low = metric_matrix([past.outcomes[there] for _, there in places], self.metrics)
            for i, j in chosen[chosen[:, 0] != chosen[:, 1]]:
                if math.isinf(values[i]) and math.isinf(values[j]):
                    continue
                ratio = values[j] / values[i]
                rows.append(np.concatenate([self.x[places[i][0]], low[i], self.x[places[j][0]]]))
                labels.append("better" if ratio < BETTER else "worse" if ratio > WORSE else "same")
        if "better" not in labels:
            return None
        return RandomForestClassifier(TREES, random_state=self.seed, min_samples_leaf=2, n_jobs=1).fit(
            np.asarray(rows), labels
        )

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        if not self.told:
            return Proposal(min(open_, key=lambda i: self.prior[i]), "the best over past workloads, to start from")
        better = self._better()
        index = max(open_, key=lambda i: (better[i], -self.prior[i]))
        return Proposal(index, f"{better[index]:.0%} likely to be better than the best so far")

    def tell(self, index: int, outcome: Outcome) -> None:
        before = self.best()
        super().tell(index, outcome)
        if before is not None and self.best() == before:
            self.misses += 1

    def stop_reason(self) -> str | None:
        if self.best() is None:
            return None
        if self.misses >= TOLERANCE:
            return f"{self.misses} runs were not better than the best, its tolerance"
        better = self._better()
        left = max(better[i] for i in range(len(better)) if i not in self.told)
        return f"no candidate is more than {STOP_BELOW:.0%} likely to be better" if left <= STOP_BELOW else None

    def _better(self) -> np.ndarray:
        """P(better than the best run so far), (n,)."""
        best = self.best()
        at = best[0] if best else next(iter(self.told))
        if self.forest is None:
            return np.zeros(len(self.x))
        low = metric_matrix([self.told[at]], self.metrics)
        source = np.hstack([self.x[[at]], low])
        asked = np.hstack([np.repeat(source, len(self.x), axis=0), self.x])
        column = list(self.forest.classes_).index("better")
        return np.asarray(self.forest.predict_proba(asked)[:, column])
