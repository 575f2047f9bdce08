"""The loss of each workload on the shape for all, against its own best shape: measured where it was run, else expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.search.strategies.micky import NOISE_SD, Bandit

DRAWS = 4000
CONFIDENCE = 0.9


@dataclass(frozen=True)
class Loss:
    """One workload on the shape for the set. A value is what the objective minimises.

    Attributes:
        workload: its name.
        measured: its value on the shape; None: that pair was not run.
        best_shape, best_measured: the best of its runs that ended well; None: it has none.
        shapes_run: on how many shapes it was run, of ``shapes``.
        optimum_measured: whether it was on all, so that its best is its own optimum.
        loss, low, high: value on the shape / value on its own best shape, expected (geometric mean over what may be) and
            90 % interval; 1: none is lost.
    """

    workload: str
    measured: float | None
    best_shape: str | None
    best_measured: float | None
    shapes_run: int
    shapes: int
    optimum_measured: bool
    loss: float
    low: float
    high: float


@dataclass(frozen=True)
class SetWinner:
    """The recommended shape, what each workload is expected to lose on it, and the geometric mean of that."""

    index: int
    losses: tuple[Loss, ...]
    mean_loss: float
    low: float
    high: float
    confidence: float = CONFIDENCE

    @property
    def optimum_unknown(self) -> list[str]:
        """The workloads whose own optimum was not measured, since they were not run on every shape."""
        return [loss.workload for loss in self.losses if not loss.optimum_measured]


def winner_of(bandit: Bandit, chosen: int, workloads: Sequence[str], shapes: Sequence[str]) -> SetWinner:
    """The losses on a shape.

    Drawn from the bandit's model: joint normal effects of workloads and shapes, and for each pair that was not run a
    deviation of its own (the model's noise: what a workload likes better than the others do). A pair that was run has its
    measured value, as if it were exact; one that failed is nobody's best. Ours, not of the paper.
    """
    effects = bandit.effects()
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal(effects.mean, effects.covariance, DRAWS, method="cholesky")
    values = effects.level + drawn[:, : bandit.workloads, None] + drawn[:, None, bandit.workloads :]
    values += rng.normal(0, NOISE_SD, values.shape)  # (draws, workloads, shapes)
    for pull in bandit.pulls:
        values[:, pull.workload, pull.arm] = math.inf if pull.log_value is None else pull.log_value
    lost = values[:, :, chosen] - values.min(axis=2)
    losses = []
    for number, workload in enumerate(workloads):
        runs = {pull.arm: pull.log_value for pull in bandit.pulls if pull.workload == number}
        good = {arm: math.exp(value) for arm, value in runs.items() if value is not None}
        best = min(good, key=lambda arm: good[arm], default=None)
        losses.append(
            Loss(
                workload,
                good.get(chosen),
                None if best is None else shapes[best],
                None if best is None else good[best],
                len(runs),
                len(shapes),
                len(runs) == len(shapes),
                *_expected_and_interval(lost[:, number]),
            )
        )
    return SetWinner(chosen, tuple(losses), *_expected_and_interval(lost.mean(axis=1)))


def _expected_and_interval(log_losses: np.ndarray) -> tuple[float, float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(log_losses, [tail, 1 - tail])
    return math.exp(log_losses.mean()), math.exp(low), math.exp(high)
