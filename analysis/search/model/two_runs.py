"""Two-step lookahead: the expected worth of the run after the next one.

Expected improvement looks one run ahead. Where all runs so far were short of memory, no single candidate promises much, as
the need may lie anywhere above them; what the next run shows would tell where to go on. So each hypothesis is weighted anew by
every outcome that the next run may have, and another run is made only where it then pays (two-step lookahead; Osborne,
Garnett and Roberts, Learning and Intelligent Optimization 3 (2009)). What an outcome teaches within a hypothesis, of
neighbours, is left out, which keeps this to milliseconds. The constants are ours.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.special import ndtri
from scipy.stats import t as student_t

from analysis.search.model import saving
from analysis.search.model.cluster_model import Belief
from analysis.search.model.cluster_rest import FREEDOM

SECONDS = 64  # candidates that are weighed for the run after the next, those with the largest expected improvement now
OUTCOMES = 8  # of the next run if it ends well, evenly likely
GOLDEN = (math.sqrt(5) - 1) / 2


def worth_of_second(belief: Belief, log_best: float, ranked: list[int], uses: float) -> float:
    """Expected saving of a second further run over the uses, less its price, if it is made only where that pays.

    Args:
        belief: of n candidates, P hypotheses.
        log_best: logarithm of the best value so far.
        ranked: candidates that have not been run, the largest expected improvement first: that one is the next run.
        uses: how often the configuration will be used.

    Returns:
        In prices of the best run so far, from 0 on.
    """
    first, seconds = ranked[0], ranked[1 : SECONDS + 1]
    if not seconds:
        return 0.0
    values, chances, weights = _outcomes(belief, first)
    bests = np.minimum(values, log_best)
    after = replace(belief.select(seconds), weights=weights)
    saved = np.empty((len(bests), len(seconds)))
    for best in np.unique(bests):
        at = bests == best
        saved[at] = saving.gain(replace(after, weights=weights[at]), best) * math.exp(best - log_best)
    net = uses * saved - saving.price(after, log_best)
    return float(chances @ np.maximum(net, 0).max(axis=1))


def _outcomes(belief: Belief, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The possible outcomes of a run: O log values (infinite for a failure), their probabilities, (O,), and the weights of
    the hypotheses after each, (O, P)."""
    mean, ends_well = belief.means[:, first], belief.ends_well[:, first]
    spread = np.hypot(belief.deviations[:, first], belief.noise)
    even = (np.arange(len(mean)) * GOLDEN + 0.5) % 1  # evenly spread in whichever order the hypotheses are
    drawn = mean + spread * ndtri(even)
    order = drawn.argsort()
    share = np.cumsum((belief.weights * ends_well)[order])
    middles = (np.arange(OUTCOMES) + 0.5) / OUTCOMES * share[-1]
    values = drawn[order][np.minimum(np.searchsorted(share, middles), len(mean) - 1)]
    likely = student_t.pdf((values[:, None] - mean) / spread, FREEDOM) / spread * ends_well
    votes = belief.weights * np.vstack([likely, 1 - ends_well])
    kept = votes.sum(axis=1) > 0  # a run may be sure to end well
    chances = np.append(np.full(OUTCOMES, share[-1] / OUTCOMES), 1 - share[-1])
    return np.append(values, math.inf)[kept], chances[kept], votes[kept] / votes[kept].sum(axis=1, keepdims=True)
