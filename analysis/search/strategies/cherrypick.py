"""CherryPick: Bayesian optimisation of cloud configurations (Alipourfard et al., NSDI 2017).

From the paper: a Gaussian process with Matérn-5/2 covariance (section 3.3); constrained expected improvement EI(x) *
P(T(x) <= T_max) (section 3.4, after Gardner et al., ICML 2014); multiplicative noise, hence logarithms (section 3.6);
three quasi-random starting points, at least six runs, stop when the expected improvement is below 10 % (section 3.5).
From the released code: EI is averaged over slice-sampled hyperparameters. Ours: improvement relative to the best, in
closed form for log-normal predictions; priors on hyperparameters; a failed run stands with the worst value seen;
classes are encoded as one column each.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr
from scipy.stats import qmc

from analysis.search.core.encoding import encode
from analysis.search.core.problem import Problem
from analysis.search.model.gaussian_process import (
    Hyper,
    log_likelihood,
    predict,
    relative_improvement,
    slice_sample,
    squared_distances,
)
from analysis.search.strategies.strategy import Proposal, Strategy, until_told

START_POINTS = 3  # paper
LEAST_RUNS = 6  # paper
STOP_BELOW = 0.10  # paper
DRAWS = 6  # hyperparameter samples per step: ours
BURN_IN = 2  # ours


class CherryPick(Strategy):
    """Constrained EI on a Gaussian process of the log objective."""

    name = "cherrypick"

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        super().__init__(problem, seed)
        encoding = encode(problem.candidates)
        self.x, self.groups = encoding.matrix, encoding.groups
        self.start = quasi_random(self.x, seed)

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        begin = [i for i in self.start if i in open_]
        if begin and len(self.told) + len(pending) < START_POINTS:
            return Proposal(begin[0], "a quasi-random starting point")
        score, deviation = self._scored()
        index = max(open_, key=lambda i: score[i])
        gain = float(score[index])
        said = f"expected gain {gain:.1%}" if self.best() else f"{gain:.0%} likely to keep the limits"
        return Proposal(index, f"{said}, uncertainty ±{deviation[index]:.0%}", gain, float(deviation[index]))

    def stop_reason(self) -> str | None:
        if len(self.told) < min(LEAST_RUNS, len(self.problem.candidates)) or self.best() is None:
            return None
        score, _ = self._scored()
        left = max((score[i] for i in range(len(score)) if i not in self.told), default=0.0)
        return f"expected improvement {left:.1%} is below {STOP_BELOW:.0%}" if left < STOP_BELOW else None

    @until_told
    def _scored(self) -> tuple[np.ndarray, np.ndarray]:
        """Constrained EI and the deviation of the log value, per candidate, for the runs told so far."""
        told, y = self.training()
        samples = [predict(h, self.x[told], y, self.x) for h in self._hypers(self.x[told], y)]
        best = self.best()
        score = np.ones(len(self.x))
        if best is not None:
            score = np.mean([relative_improvement(m, s, math.log(best[1])) for m, s in samples], axis=0)
        for limit in self.problem.objective.limits:
            score = score * self._keeps(limit.outcome, limit.value, limit.bound == "at most")
        return score, np.mean([s for _, s in samples], axis=0)

    def _keeps(self, outcome: str, bound: float, at_most: bool) -> np.ndarray:
        """Probability per candidate that an outcome keeps its limit, from a model of its logarithm."""
        told = [i for i, o in self.told.items() if o.values.get(outcome, 0) > 0]
        if not told:
            return np.ones(len(self.x))
        y = np.log([self.told[i].values[outcome] for i in told])
        sign = 1 if at_most else -1
        models = [predict(h, self.x[told], y, self.x) for h in self._hypers(self.x[told], y)]
        return np.asarray(np.mean([ndtr(sign * (math.log(bound) - m) / s) for m, s in models], axis=0))

    def _hypers(self, x: np.ndarray, y: np.ndarray) -> list[Hyper]:
        features = sorted(set(self.groups))
        d = len(features)  # the classes of one feature share a length scale
        spread = max(float(y.std()), 0.1)

        def scale(theta: np.ndarray) -> Hyper:
            return Hyper(np.exp(theta[:d]), spread * math.exp(theta[d]), spread * math.exp(theta[d + 1]))

        def hyper(theta: np.ndarray) -> Hyper:
            return scale(theta)._replace(length=np.exp(theta[:d])[self.groups])

        centre = np.concatenate([np.full(d, math.log(2.0)), [0.0], [math.log(0.15)]])

        by_feature = [x[:, self.groups == g] for g in features]
        apart = np.asarray([squared_distances(part, part) for part in by_feature]).reshape(d, len(x), len(x))

        def log_density(theta: np.ndarray) -> float:
            prior = -0.5 * float((((theta - centre) / 1.0) ** 2).sum())
            return prior + log_likelihood(scale(np.clip(theta, -6, 6)), apart, y)

        samples = slice_sample(log_density, centre, BURN_IN + DRAWS, self.rng)
        return [hyper(np.clip(theta, -6, 6)) for theta in samples[BURN_IN:]]


def quasi_random(x: np.ndarray, seed: int) -> list[int]:
    """Starting points: the candidates nearest to the points of a scrambled Sobol sequence, each once."""
    n, d = x.shape
    if d == 0:
        return list(range(min(n, START_POINTS)))
    low, high = x.min(axis=0), x.max(axis=0)
    points = low + (high - low) * qmc.Sobol(d, seed=seed).random(4)[:START_POINTS]
    chosen: list[int] = []
    for point in points:
        order = np.argsort(((x - point) ** 2).sum(axis=1), kind="stable")
        chosen += [int(i) for i in order if i not in chosen][:1]
    return chosen
