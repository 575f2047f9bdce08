"""Micky: one configuration for a set of workloads, as a bandit (Hsu et al., IEEE CLOUD 2018).

Known from the paper's outline only: arms are configurations, a pull is one workload on one of them; first alpha = 1
rounds over all arms, then beta * |W| pulls by upper confidence bound, beta = 0.5. Ours: the reward. "Best seen /
value" is always 1 while each workload has been measured once, so an additive model of the logarithm, workload + arm,
is fitted by ridge regression, and the bound is the arm's effect less its standard deviation times sqrt(2 ln t).
In the second phase workloads that were run elsewhere go first, so that a set larger than the arms compares arms too.
An arm on which a workload failed is no choice for the set, and not pulled again while there are others.
"""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from analysis.search.core.problem import Problem
from analysis.search.core.ranking import FAILED_LOSS, log_losses, mean_log_loss
from analysis.search.strategies.strategy import Proposal, Strategy

ALPHA = 1  # paper
BETA = 0.5  # paper
ARM_SD, NOISE_SD, LEVEL_SD = 0.5, 0.25, 5.0  # of the additive model, log


@dataclass(frozen=True)
class Pull:
    """One workload run on one configuration; ``log_value`` is lower for better, None where it failed."""

    workload: int
    arm: int
    log_value: float | None


@dataclass(frozen=True)
class Effects:
    """The additive model given the pulls: log value = level + effect of the workload + effect of the arm.

    Attributes:
        level: mean of the log values.
        mean: (workloads + arms,), workloads first.
        covariance: (workloads + arms, workloads + arms).
        workloads: how many.
    """

    level: float
    mean: np.ndarray
    covariance: np.ndarray
    workloads: int

    @property
    def arm(self) -> np.ndarray:
        """Mean effect of every arm on the log value, (arms,)."""
        return self.mean[self.workloads :]

    @property
    def arm_sd(self) -> np.ndarray:
        """Its standard deviation, (arms,)."""
        return np.sqrt(np.diag(self.covariance))[self.workloads :]


class Bandit:
    """The collective search: ask for (workload, arm), tell the log value. Same seed, same tells: same pulls.

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
        self.order = [int(arm) for arm in self.rng.permutation(arms) if self.possible[:, arm].any()]
        self.pulls: list[Pull] = []
        self.first = ALPHA * len(self.order)
        self.budget = self.first + math.ceil(BETA * workloads)

    def ask(self, pending: Collection[tuple[int, int]] = ()) -> tuple[int, int] | None:
        """The next (workload, arm); None when the budget is spent or every pair was pulled. ``pending``: under way."""
        taken = [*((pull.workload, pull.arm) for pull in self.pulls), *pending]
        open_ = self.possible.copy()
        for pair in taken:
            open_[pair] = False
        left = [arm for arm in self.order if open_[:, arm].any()]
        if not left or len(taken) >= self.budget:
            return None
        pulled, counts = Counter(arm for _, arm in taken), Counter(workload for workload, _ in taken)
        known: list[int] = []
        if new := [arm for arm in left if pulled[arm] < ALPHA]:
            arm = min(new, key=lambda a: pulled[a])
        else:
            known = list(counts)  # a workload that was run: on any other arm it compares the two
            sound = [a for a in left if a not in self.failed] or left
            can_compare = [a for a in sound if open_[known, a].any()] or sound
            effects = self.effects()
            bound = effects.arm - effects.arm_sd * math.sqrt(2 * math.log(len(taken) + 1))
            arm = min(can_compare, key=lambda a: bound[a])
        can = np.flatnonzero(open_[:, arm]).tolist()
        lot = dict(zip(can, copy.deepcopy(self.rng).random(len(can)), strict=True))
        return min(can, key=lambda w: (w not in known, counts[w], lot[w])), arm

    def tell(self, workload: int, arm: int, log_value: float | None) -> None:
        """Record the log value of a pull; None: it failed."""
        others = sum(pull.arm == arm for pull in self.pulls)
        self.rng.random(int(self.possible[:, arm].sum()) - others)  # the lots that were drawn for this pull
        self.pulls.append(Pull(workload, arm, log_value))

    def effects(self) -> Effects:
        """The model. A pull that failed stands with ten times the worst value of its workload (of any, if it has none)."""
        worst: dict[int, float] = {}
        for pull in self.pulls:
            if pull.log_value is not None:
                worst[pull.workload] = max(worst.get(pull.workload, -math.inf), pull.log_value)
        of_any = max(worst.values(), default=0.0)
        x = np.zeros((len(self.pulls), self.workloads + self.arms))
        for row, pull in enumerate(self.pulls):
            x[row, pull.workload] = x[row, self.workloads + pull.arm] = 1
        y = np.asarray(
            [worst.get(p.workload, of_any) + FAILED_LOSS if p.log_value is None else p.log_value for p in self.pulls]
        )
        level = float(y.mean()) if len(y) else 0.0
        prior = np.r_[np.full(self.workloads, LEVEL_SD**-2), np.full(self.arms, ARM_SD**-2)]
        covariance = np.linalg.inv(x.T @ x / NOISE_SD**2 + np.diag(prior))
        return Effects(level, covariance @ x.T @ (y - level) / NOISE_SD**2, covariance, self.workloads)

    @property
    def failed(self) -> set[int]:
        """Arms on which a workload failed."""
        return {pull.arm for pull in self.pulls if pull.log_value is None}

    def choice(self) -> int | None:
        """The arm with the least effect among those that were pulled and failed in no pull; None: there is none."""
        effect = self.effects().arm
        return min({pull.arm for pull in self.pulls} - self.failed, key=lambda a: effect[a], default=None)


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
            self.effect = np.where(np.isfinite(losses).any(axis=0), self.bandit.effects().arm, math.inf)

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        index = min(open_, key=lambda i: self.effect[i])
        pulls = len(self.bandit.pulls) if self.bandit else 0
        return Proposal(index, f"the best for all past workloads, after {pulls} runs over the set")

    def stop_reason(self) -> str | None:
        return "one configuration for the whole set is all it tries" if self.best() or len(self.told) >= 3 else None
