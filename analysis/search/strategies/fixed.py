"""One fixed configuration: the best over the other workloads. On easy data it beats every method."""

from __future__ import annotations

import numpy as np

from analysis.search.core.problem import Problem
from analysis.search.core.ranking import mean_log_loss
from analysis.search.strategies.strategy import Proposal, Strategy


class Fixed(Strategy):
    """Runs the candidate with the least geometric-mean loss over past workloads, and stops."""

    name = "fixed"
    needs_history = True
    uses_seed = False

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        self.loss = mean_log_loss(self.problem)

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        index = min(open_, key=lambda i: self.loss[i])
        known = np.isfinite(self.loss[index])
        said = (
            f"on past workloads it is {np.expm1(self.loss[index]):.0%} above each one's best"
            if known
            else "never run before"
        )
        return Proposal(index, said)

    def stop_reason(self) -> str | None:
        return "one fixed configuration is all it tries" if self.best() or len(self.told) >= 3 else None
