"""Means with interval and test: Student's t of one sample, Welch's t of two.

Where the values do not scatter, the interval is the mean itself, and the p-value 1 where it is zero, else 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
LEAST_SPREAD = 1e-12  # values nearer to each other than this are the same


@dataclass(frozen=True)
class Mean:
    """A mean, or a difference of means, in the unit of the values; None: cannot be had."""

    value: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None

    def through(self, scale: Callable[[float], float]) -> Mean:
        """Value and interval on another scale, such as ``math.exp`` for means of logarithms; the p-value stays."""
        low, high = (None if bound is None else scale(bound) for bound in (self.low, self.high))
        return Mean(scale(self.value), low, high, self.p_value)


def one_sample(values: np.ndarray, level: float = LEVEL) -> Mean:
    """Mean of at least two values against zero."""
    from scipy import stats

    mean = float(values.mean())
    if same(values):
        return _without_spread(mean)
    test = stats.ttest_1samp(values, 0.0)
    interval = test.confidence_interval(level)
    return Mean(mean, float(interval.low), float(interval.high), float(test.pvalue))


def welch(x: np.ndarray, y: np.ndarray, level: float = LEVEL) -> Mean:
    """Mean of y less mean of x, whose spreads may differ; no interval below two values of either."""
    from scipy import stats

    mean = float(y.mean() - x.mean())
    if len(x) < 2 or len(y) < 2:
        return Mean(mean)
    if same(x) and same(y):
        return _without_spread(mean)
    test = stats.ttest_ind(y, x, equal_var=False)
    interval = test.confidence_interval(level)
    return Mean(mean, float(interval.low), float(interval.high), float(test.pvalue))


def same(values: np.ndarray) -> bool:
    """Whether the values do not scatter."""
    return float(np.ptp(values)) < LEAST_SPREAD


def _without_spread(mean: float) -> Mean:
    return Mean(mean, mean, mean, 1.0 if abs(mean) < LEAST_SPREAD else 0.0)
