"""Batch size and learning rate of each epoch.

``grow_batch`` follows Smith, Kindermans, Ying and Le, "Don't decay the learning rate, increase the batch size"
(arXiv:1711.00489): what sets the noise of stochastic gradient descent is about rate x N / batch, so multiplying the
batch by k does to it what dividing the rate by k does, with fewer updates. They grow the batch until it reaches a tenth
of the training images (N / 10), and from there on decay the rate.
"""

from __future__ import annotations

from typing import NamedTuple

from workloads.errors import ConfigError
from workloads.train.config import TrainConfig


class Phase(NamedTuple):
    """How one epoch is trained."""

    batch_size: int
    learning_rate: float


def plan(config: TrainConfig, images: int) -> list[Phase]:
    """One phase per epoch.

    Args:
        images: N, the training images.

    Raises:
        ConfigError: a batch is larger than the data.
    """
    if config.batch_size > images:
        raise ConfigError(
            f"batch_size must be at most the number of training images ({images}: {1 - config.validation_ratio:.0%} of "
            f"the set); received {config.batch_size}; use a smaller batch or more images"
        )
    batch, rate = config.batch_size, config.learning_rate
    phases = []
    for epoch in range(1, config.epochs + 1):
        phases.append(Phase(batch, rate))
        if epoch in config.milestones:
            if config.schedule == "grow_batch" and batch * config.factor <= images / 10:
                batch *= config.factor
            else:
                rate /= config.factor
    return phases


def check_divisible(phases: list[Phase], replicas: int) -> None:
    """Every replica gets an equal part of every batch, or the gradients would not be those of one device.

    Raises:
        ConfigError: it cannot.
    """
    for phase in phases:
        if phase.batch_size % replicas:
            raise ConfigError(
                f"batch_size must be a multiple of the {replicas} replicas; received {phase.batch_size}; "
                f"the next one is {-(-phase.batch_size // replicas) * replicas}"
            )
