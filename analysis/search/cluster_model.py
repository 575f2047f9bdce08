"""A model of run time and cost over cluster shapes, for a finite list, with few or no runs yet.

The logarithm of the value is a sum of parts, each a Gaussian process; hypotheses about their scales are drawn once
from a prior and weighted by how well they explain the runs (importance sampling; Rasmussen and Williams 2006, section
5.2):

- price and size: the price enters with its known power, run time falls with a power of the total cores, 0.6 +- 0.4
  (Amdahl's law lies between 0 and 1), and changes linearly with the other features, a little;
- shortage of memory: below some total memory (or memory per core) that the workload needs and nobody told, it gets
  slower, by a power that is learnt, or fails. Each hypothesis has its own threshold;
- the rest: a Matérn-5/2 process with a length scale per feature;
- the past: mean and covariance of other workloads on the same candidates, low-rank; some hypotheses use it, others do
  not, so that a past that misleads is voted down by the runs.

The overall level is unknown (a constant with a wide prior), the overall scale is integrated out (inverse gamma, so
that predictions are Student-t in form). The combination is ours; its constants are in :class:`Prior`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm, qmc

from analysis.search.encoding import Encoding, encode
from analysis.search.gaussian_process import matern52
from analysis.search.past import PastShape, past_shape
from analysis.search.problem import Problem

MANY = 2000


@dataclass(frozen=True)
class Prior:
    """Constants of the prior, all in units of the log value unless said otherwise."""

    hypotheses: int = 64
    cores_power: float = 0.6
    cores_power_sd: float = 0.4
    linear_sd: float = 0.25
    smooth_sd: float = 0.6
    smooth_spread: float = 2.0  # of the logarithm of its variance, over hypotheses
    length: float = 1.5  # median, in standard deviations of a feature, for three features; grows with their square root
    length_spread: float = 0.7
    noise_ratio: float = 0.01  # median noise variance / variance of the smooth part
    shortage_share: float = 0.7  # of hypotheses that have a memory threshold
    shortage_total: float = 0.7  # of these, on total memory; the others on memory per core
    shortage_power: float = 1.0
    shortage_power_sd: float = 0.7
    past_share: float = 0.75  # of hypotheses that use the past
    past_scale: float = 1.0
    past_rest: float = 0.2  # variance of the other parts under the past, relative to that without
    scale_shape: float = 2.0  # of the inverse gamma
    level_sd: float = 10.0  # of the overall level, which is not known


@dataclass(frozen=True)
class Belief:
    """What is believed of every candidate after some runs: a weighted mixture over P hypotheses.

    Attributes:
        weights: (P,), sum 1.
        means: (P, n), log value without noise.
        deviations: (P, n).
        noise: (P,), standard deviation of one run's noise.
    """

    weights: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray

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
        problem: its objective decides how price enters; its history gives the past part.
        seed: of the hypotheses (a scrambled Sobol sequence).
        prior: constants.
    """

    def __init__(self, problem: Problem, seed: int = 0, prior: Prior = Prior()) -> None:
        many = len(problem.candidates) > MANY  # keeps a step below a second for 10,000 candidates
        self.prior = replace(prior, hypotheses=prior.hypotheses // 4) if many else prior
        encoding = encode(problem.candidates)
        self.n = len(problem.candidates)
        self.past = past_shape(problem)
        self._draw(encoding, seed)
        self._mean(problem, encoding)
        self._columns: dict[int, np.ndarray] = {}
        self.diagonal = self._diagonal()

    def _draw(self, encoding: Encoding, seed: int) -> None:
        p, groups = self.prior, len(set(encoding.groups))
        u = np.clip(qmc.Sobol(groups + 8, seed=seed).random(p.hypotheses), 1e-4, 1 - 1e-4)
        z = norm.ppf(u)
        median = p.length * np.sqrt(max(groups, 1) / 3)
        self.inverse_squares = np.exp(-2 * (np.log(median) + p.length_spread * z[:, :groups]))
        self.noise = p.noise_ratio * p.smooth_sd**2 * np.exp(0.8 * z[:, groups])
        linear = np.exp(0.7 * z[:, groups + 1])
        uses_past = (u[:, groups + 2] < p.past_share) if self.past else np.zeros(p.hypotheses, bool)
        self.uses_past = uses_past
        rest = np.where(uses_past, p.past_rest, 1.0)
        self.smooth_variance = p.smooth_sd**2 * rest * np.exp(p.smooth_spread * z[:, groups + 7])
        self.linear_variance = linear * rest
        self.past_variance = np.where(uses_past, p.past_scale * np.exp(z[:, groups + 3]), 0.0)
        self.shortage = self._shortage(encoding, u[:, groups + 4 : groups + 7])
        self.by_group = [encoding.matrix[:, encoding.groups == g] for g in range(groups)]
        columns = [p.linear_sd * encoding.matrix]
        if encoding.log_cores is not None:
            columns.append(p.cores_power_sd * (encoding.log_cores - encoding.log_cores.mean())[:, None])
        self.linear = np.hstack(columns)

    def _shortage(self, encoding: Encoding, u: np.ndarray) -> np.ndarray:
        """How far below its hypothesis' threshold each candidate is, as a logarithm, centred: (P, n)."""
        short = np.zeros((self.prior.hypotheses, self.n))
        for j, (kind, at, on) in enumerate(u):
            total, per_core = encoding.log_memory, encoding.log_memory_per_core
            memory = total if kind < self.prior.shortage_total or per_core is None else per_core
            if memory is None or on >= self.prior.shortage_share:
                continue
            short[j] = np.maximum(0, memory.min() + np.ptp(memory) * at - memory)
        return np.asarray(short - short.mean(axis=1, keepdims=True))

    def _mean(self, problem: Problem, encoding: Encoding) -> None:
        base = np.zeros(self.n)
        if problem.candidates.usd_per_hour is not None:
            base += problem.objective.price_power * np.log(problem.candidates.usd_per_hour)
        if encoding.log_cores is not None:
            base -= self.prior.cores_power * encoding.log_cores
        base -= base.mean()
        self.mean = base + self.prior.shortage_power * self.shortage
        if self.past:
            self.mean[self.uses_past] = self.past.mean

    def column(self, i: int) -> np.ndarray:
        """Covariance of every candidate with candidate i, under each hypothesis: (P, n)."""
        if i not in self._columns:
            apart = np.asarray([((x - x[i]) ** 2).sum(axis=1) for x in self.by_group]).reshape(
                len(self.by_group), self.n
            )
            made = self.smooth_variance[:, None] * matern52(self.inverse_squares @ apart)
            made += self.linear_variance[:, None] * (self.linear @ self.linear[i])
            made += self.prior.shortage_power_sd**2 * self.shortage * self.shortage[:, [i]]
            if self.past:
                made += self.past_variance[:, None] * (self.past.factors.T @ self.past.factors[:, i])
            self._columns[i] = made + self.prior.level_sd**2
        return self._columns[i]

    def _diagonal(self) -> np.ndarray:
        found = self.smooth_variance[:, None] + self.linear_variance[:, None] * (self.linear**2).sum(axis=1)
        found = found + self.prior.shortage_power_sd**2 * self.shortage**2 + self.prior.level_sd**2
        if self.past:
            found = found + self.past_variance[:, None] * (self.past.factors**2).sum(axis=0)
        return np.asarray(found)

    def condition(self, told: list[int], y: np.ndarray, extra: np.ndarray | None = None) -> Belief:
        """What is believed after runs (equations 2.25, 2.26 and 2.30 of Rasmussen and Williams, for all hypotheses at once).

        Args:
            told: indices of k runs.
            y: their log values, (k,).
            extra: further noise variance of single runs, (k,); None: none.
        """
        if not told:
            weights = np.full(len(self.noise), 1 / len(self.noise))
            return Belief(weights, self.mean, np.sqrt(self.diagonal - self.prior.level_sd**2), np.sqrt(self.noise))
        across = np.stack([self.column(i) for i in told], axis=1)  # (P, k, n)
        k = len(told)
        own = self.noise[:, None] + (extra if extra is not None else np.zeros(k))
        within = across[:, :, told] + own[:, :, None] * np.eye(k)
        factor = np.linalg.cholesky(within)
        off = y - self.mean[:, told]
        weights = np.linalg.solve(within, off[:, :, None])[:, :, 0]
        misfit = (off * weights).sum(axis=1)
        shape = self.prior.scale_shape
        evidence = -np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
        evidence -= (shape + k / 2) * np.log(shape + misfit / 2)
        vote = np.exp(evidence - evidence.max())
        scale = (shape + misfit / 2) / (shape + k / 2)
        means = self.mean + np.einsum("pkn,pk->pn", across, weights)
        half = np.linalg.solve(factor, across)
        variance = np.maximum(self.diagonal - (half**2).sum(axis=1), 1e-9) * scale[:, None]
        return Belief(vote / vote.sum(), means, np.sqrt(variance), np.sqrt(self.noise * scale))


__all__ = ["Belief", "ClusterModel", "PastShape", "Prior"]
