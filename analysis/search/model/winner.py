"""The recommendation of a search, with an interval for its next run from one model for all strategies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from analysis.search.core.problem import Outcome, Problem
from analysis.search.model.cluster_model import ClusterModel

CONFIDENCE = 0.9
GRID = 400


@dataclass(frozen=True)
class Winner:
    """The recommendation: the best run so far that keeps the limits, with the interval for its next run.

    Attributes:
        index: the candidate.
        measured: its value, in the unit of the objective, as ``predicted``, ``low`` and ``high``.
        predicted: median of the prediction for one more run; ``low`` and ``high`` bound its interval.
        confidence: of that interval.
    """

    index: int
    measured: float
    predicted: float
    low: float
    high: float
    confidence: float = CONFIDENCE


def winner_of(problem: Problem, told: Mapping[int, Outcome], index: int, measured: float) -> Winner:
    """Prediction for one more run of a candidate, from all runs told, and its 90 % interval, noise included."""
    ran = [i for i, outcome in told.items() if outcome.ok]
    y = np.log([problem.objective.value(told[i]) for i in ran])
    belief = ClusterModel(problem).condition(ran, y)
    means = belief.means[:, index]
    deviations = np.sqrt(belief.deviations[:, index] ** 2 + belief.noise**2)
    grid = np.linspace((means - 5 * deviations).min(), (means + 5 * deviations).max(), GRID)
    below = belief.weights @ ndtr((grid - means[:, None]) / deviations[:, None])
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = np.interp([tail, 0.5, 1 - tail], below, grid)
    return Winner(index, measured, math.exp(middle), math.exp(low), math.exp(high))
