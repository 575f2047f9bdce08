"""A model of run time and cost over cluster shapes, for a finite list, with few or no runs yet.

The logarithm of the value is a curve plus a rest. The curve is one of many (:mod:`analysis.search.cluster_shapes`);
the price enters it with its known power. With a past, half of the curves are of the kinds that it knew
(:mod:`analysis.search.past`). The rest is a Gaussian process over all features, Matérn 5/2 plus linear, whose scale and
noise are a further hypothesis: where no curve fits, a wide rest takes over. The overall level is unknown (a constant
with a wide prior). Every pair of curve and scale is weighted by how well it explains the runs (marginal likelihood;
Rasmussen and Williams 2006, sections 2.7 and 5.2). The combination and its constants are ours.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.search.cluster_shapes import ClusterShapes, sizes_of
from analysis.search.encoding import encode
from analysis.search.gaussian_process import matern52
from analysis.search.past import votes
from analysis.search.problem import Problem

MANY = 2000  # candidates; a longer list has a quarter of the hypotheses, which keeps a step below a second for 10,000
HYPOTHESES = 1024
KEPT = 256  # of the pairs of curve and scale, after the vote
REST_SD = (0.08, 0.2, 0.45)  # of the rest, log
NOISE_SD = (0.04, 0.12)  # of one run, log
OTHER_REST_SD = (0.01, 0.05, 0.2, 0.8)  # of outcomes that do not follow the size of a cluster
OTHER_NOISE_SD = (0.005, 0.05)
LENGTH = 3.0  # in standard deviations of a feature; grows with the square root of their number
LINEAR = 0.5  # variance of the linear part / that of the Matérn part
LEVEL_VARIANCE = 100.0  # of the overall level, which is not known


@dataclass(frozen=True)
class Belief:
    """What is believed of every candidate after some runs: a weighted mixture over P hypotheses.

    Attributes:
        weights: (P,), sum 1.
        means: (P, n), log value without noise.
        deviations: (P, n).
        noise: (P,), standard deviation of one run's noise.
        fails: (P, n), probability that a run fails.
    """

    weights: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray
    fails: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Of the mixture, (n,)."""
        return np.asarray(self.weights @ self.means)

    @property
    def deviation(self) -> np.ndarray:
        """Of the mixture, (n,)."""
        return np.asarray(np.sqrt(self.weights @ (self.deviations**2 + (self.means - self.mean) ** 2)))


class ClusterModel:
    """The prior over a problem's candidates, to be conditioned on runs.

    Args:
        problem: its objective decides how price enters; its history adds curves of the kinds it knew.
        seed: of the curves.
        follows_size: False for an outcome such as accuracy: no curves, only the rest.
    """

    def __init__(self, problem: Problem, seed: int = 0, follows_size: bool = True) -> None:
        n = len(problem.candidates)
        part = 4 if n > MANY else 1
        self.kept = KEPT // part
        encoding = encode(problem.candidates)
        self.x = encoding.matrix
        self.features = max(len(set(encoding.groups)), 1)
        self.diagonal = 1 + LINEAR / self.features * (self.x**2).sum(axis=1)
        self._columns: dict[int, np.ndarray] = {}
        if follows_size:
            sizes, power = sizes_of(problem.candidates), problem.objective.price_power
            kinds = [ClusterShapes(sizes, HYPOTHESES // part, seed)]
            learnt = votes(problem, kinds[0])
            if learnt is not None:  # as many again: the runs decide whether the past holds
                kinds.append(kinds[0].as_voted(learnt))
            shortages = [kind.shortage(sizes) for kind in kinds]
            pairs = list(zip(kinds, shortages, strict=True))
            self.curves = np.vstack([kind.log_values(sizes, shortage, power) for kind, shortage in pairs])
            self.fails = np.vstack([kind.fails(shortage) for kind, shortage in pairs])
            self.scales = list(itertools.product(REST_SD, NOISE_SD))
        else:
            self.curves, self.fails = np.zeros((1, n)), np.zeros((1, n))
            self.scales = list(itertools.product(OTHER_REST_SD, OTHER_NOISE_SD))

    def column(self, i: int) -> np.ndarray:
        """Covariance of the rest of every candidate with that of candidate i, for a scale of 1: (n,)."""
        if i not in self._columns:
            apart = ((self.x - self.x[i]) ** 2).sum(axis=1) / (LENGTH**2 * self.features)
            self._columns[i] = matern52(apart) + LINEAR / self.features * (self.x @ self.x[i])
        return self._columns[i]

    def condition(
        self,
        told: Sequence[int],
        y: np.ndarray,
        extra: np.ndarray | None = None,
        failed: Sequence[int] = (),
        ended_well: Sequence[int] = (),
        level_variance: float = LEVEL_VARIANCE,
    ) -> Belief:
        """What is believed after runs (equations 2.25, 2.26 and 2.30 of Rasmussen and Williams for each hypothesis).

        Args:
            told: indices of k runs.
            y: their log values, (k,).
            extra: further noise variance of single runs, (k,); None: none.
            failed: runs that failed, which speaks for curves that are short of memory there; may be among ``told``.
            ended_well: runs that did not fail.
            level_variance: 0: values are about the mean of the list.
        """
        ran = list(told)
        across = np.stack([self.column(i) for i in ran]) if ran else np.zeros((0, self.x.shape[0]))  # (k, n)
        off = y - self.curves[:, ran]  # (H, k)
        own = np.zeros(len(ran)) if extra is None else extra
        solved = [self._solve(rest, noise, across, ran, own, level_variance) for rest, noise in self.scales]
        evidence = np.stack([self._evidence(off, within) for within, _, _ in solved])  # (S, H)
        if failed:
            evidence += np.log(self.fails[:, list(failed)]).sum(axis=1)
            evidence += np.log1p(-self.fails[:, list(ended_well)]).sum(axis=1)
        scale, curve, weights = self._keep(evidence) if ran else self._all()
        means = self.curves[curve]
        deviations = np.empty_like(means)
        for s, (_, gain, deviation) in enumerate(solved):
            of = scale == s
            means[of] += off[curve[of]] @ gain
            deviations[of] = deviation
        noise = np.asarray([noise for _, noise in self.scales])[scale]
        return Belief(weights, means, deviations, noise, self.fails[curve])

    def _solve(
        self, rest: float, noise: float, across: np.ndarray, ran: list[int], own: np.ndarray, level_variance: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For one scale: covariance of the runs (k, k), weight of each run for each candidate (k, n), deviations (n,)."""
        across = rest**2 * across + level_variance
        within = across[:, ran] + np.diag(noise**2 + own)
        gain = np.linalg.solve(within, across)
        level = level_variance if ran else 0.0
        variance = rest**2 * self.diagonal + level - (across * gain).sum(axis=0)
        return within, gain, np.sqrt(np.maximum(variance, 1e-8))

    @staticmethod
    def _evidence(off: np.ndarray, within: np.ndarray) -> np.ndarray:
        """Log marginal likelihood of each curve, (H,), without its constant."""
        factor = np.linalg.cholesky(within)
        whitened = np.linalg.solve(factor, off.T)
        return np.asarray(-0.5 * (whitened**2).sum(axis=0) - np.log(np.diagonal(factor)).sum())

    def _all(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As :meth:`_keep`, before any run: every curve once, as the first run rests on their mean alone."""
        curve = np.arange(len(self.curves))
        return curve % len(self.scales), curve, np.full(len(curve), 1 / len(curve))

    def _keep(self, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Scale and curve of the hypotheses that go on, and their weights: systematic resampling of (S, H)."""
        vote = np.exp(evidence - evidence.max()).ravel()
        steps = np.cumsum(vote) / vote.sum()
        drawn = np.minimum(np.searchsorted(steps, (np.arange(self.kept) + 0.5) / self.kept), len(vote) - 1)
        chosen, times = np.unique(drawn, return_counts=True)
        return chosen // evidence.shape[1], chosen % evidence.shape[1], times / self.kept
