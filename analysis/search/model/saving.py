"""Expected saving and expected price of one more run, both as shares of the cost of the best run so far."""

from __future__ import annotations

import numpy as np

from analysis.search.model.cluster_model import Belief
from analysis.search.model.gaussian_process import relative_improvement

DEAREST = 1.5  # log: a run is not expected to cost more than this above the best, as means of wide beliefs run high


def gain(belief: Belief, log_best: float) -> np.ndarray:
    """Expected saving per use of each candidate, (n,), or (O, n) of O mixtures: expected improvement, 0 if a run fails."""
    gains = relative_improvement(belief.means, belief.deviations, log_best)
    return np.asarray(belief.weights @ (gains * belief.ends_well))


def price(belief: Belief, log_best: float) -> np.ndarray:
    """Expected price of running each candidate, (n,), or (O, n) of O mixtures."""
    return np.asarray(np.exp(np.minimum(belief.mean - log_best, DEAREST)))
