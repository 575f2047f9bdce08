"""Micky: one configuration for a set of workloads, as a bandit (Hsu et al., IEEE CLOUD 2018).

Known from the paper's outline only: arms are configurations, a pull is one workload on one of them; first alpha = 1
rounds over all arms, then beta * |W| pulls by upper confidence bound, beta = 0.5. Ours: the reward. "Best seen /
value" is always 1 while each workload has been measured once, so an additive model of the logarithm, workload + arm,
is fitted by ridge regression, and the bound is the arm's effect less its standard deviation times sqrt(2 ln t).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.search.problem import Problem
from analysis.search.ranking import log_losses, mean_log_loss
from analysis.search.strategy import Proposal, Strategy

ALPHA = 1  # paper
BETA = 0.5  # paper
ARM_SD, NOISE_SD, LEVEL_SD = 0.5, 0.25, 5.0  # of the additive model, log


@dataclass(frozen=True)
class Pull:
    """One workload measured on one configuration; ``log_value`` is lower for better."""

    workload: int
    arm: int
    log_value: float


class Bandit:
    """The collective search: ask for (workload, arm), tell the log value.

    Args:
        workloads: how many.
        arms: how many candidates.
        seed: of the order of the first rounds.
        possible: (workloads, arms), False where a pair cannot be measured; None: all can.
    """

    def __init__(self, workloads: int, arms: int, seed: int = 0, possible: np.ndarray | None = None) -> None:
        self.workloads, self.arms = workloads, arms
        self.possible = np.ones((workloads, arms), bool) if possible is None else possible
        self.rng = np.random.default_rng(seed)
        self.pulls: list[Pull] = []
        first = [arm for _ in range(ALPHA) for arm in self.rng.permutation(arms)]
        self.todo = [int(arm) for arm in first if self.possible[:, arm].any()]
        self.budget = len(self.todo) + math.ceil(BETA * workloads)

    def ask(self) -> tuple[int, int] | None:
        """The next (workload, arm); None when the budget is spent or every pair was measured."""
        done = {(p.workload, p.arm) for p in self.pulls}
        if len(self.pulls) >= self.budget:
            return None
        if len(self.pulls) < len(self.todo):
            arm = self.todo[len(self.pulls)]
        else:
            mean, deviation = self.effects()
            bound = mean - deviation * math.sqrt(2 * math.log(len(self.pulls) + 1))
            left = [
                a
                for a in range(self.arms)
                if any(self.possible[w, a] and (w, a) not in done for w in range(self.workloads))
            ]
            if not left:
                return None
            arm = min(left, key=lambda a: bound[a])
        counts = np.bincount([p.workload for p in self.pulls], minlength=self.workloads)
        can = [w for w in range(self.workloads) if self.possible[w, arm] and (w, arm) not in done]
        return min(can, key=lambda w: (counts[w], self.rng.random())), arm

    def tell(self, workload: int, arm: int, log_value: float) -> None:
        """What a pull showed."""
        self.pulls.append(Pull(workload, arm, log_value))

    def effects(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of every arm's effect on the log value, (arms,) each."""
        x = np.zeros((len(self.pulls), self.workloads + self.arms))
        for row, pull in enumerate(self.pulls):
            x[row, pull.workload] = x[row, self.workloads + pull.arm] = 1
        y = np.asarray([pull.log_value for pull in self.pulls])
        level = float(y.mean()) if len(y) else 0.0
        prior = np.r_[np.full(self.workloads, LEVEL_SD**-2), np.full(self.arms, ARM_SD**-2)]
        covariance = np.linalg.inv(x.T @ x / NOISE_SD**2 + np.diag(prior))
        mean = covariance @ x.T @ (y - level) / NOISE_SD**2
        return mean[self.workloads :], np.sqrt(np.diag(covariance))[self.workloads :]

    def choice(self) -> int:
        """The arm with the least effect, among those that some workload can be measured on."""
        mean, _ = self.effects()
        return min((a for a in range(self.arms) if self.possible[:, a].any()), key=lambda a: mean[a])


class Micky(Strategy):
    """The configuration that the bandit finds over past workloads, run on this one.

    What the bandit's pulls cost is paid once for the whole set; the proposal says how many they were.
    """

    name = "micky"
    needs_history = True

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        losses, _ = log_losses(problem)
        self.effect = mean_log_loss(problem)
        self.bandit: Bandit | None = None
        if np.isfinite(losses).any():
            self.bandit = Bandit(len(losses), len(problem.candidates), seed, np.isfinite(losses))
            while (pull := self.bandit.ask()) is not None:
                self.bandit.tell(*pull, float(losses[pull]))
            self.effect = np.where(np.isfinite(losses).any(axis=0), self.bandit.effects()[0], math.inf)

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        index = min(open_, key=lambda i: self.effect[i])
        pulls = len(self.bandit.pulls) if self.bandit else 0
        return Proposal(index, f"the best for all past workloads, after {pulls} runs over the set")

    def stop_reason(self) -> str | None:
        return "one configuration for the whole set is all it tries" if self.best() or len(self.told) >= 3 else None
