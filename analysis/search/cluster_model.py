"""A model of run time and cost over cluster shapes, for a finite list, with few or no runs yet.

The logarithm of the value is a curve plus a rest, and what is believed is an average over many of both:

- Curves (:mod:`analysis.search.cluster_shapes`): a thousand physical ones; with a past, as many of the kinds that it knew
  (:mod:`analysis.search.past`); and a flat one, for workloads that no curve fits. The price enters all of them with its known
  power. The prior weight of the past grows with the number A of its applications and fades with the k runs of the workload
  itself, A / (A + 4 (1 + k)): it is worth most for the first runs, and no likelihood of a wrong model may hold on to it.
- Rests (:mod:`analysis.search.cluster_rest`): Gaussian processes with various length scales, deviations and noises. The flat
  curve with a wide rest is what Bayesian optimisation commonly uses, with its hyperparameters averaged out.

Every pair is weighted by how well it explains the runs (marginal likelihood; Bayesian model averaging, Hoeting et al.,
Statistical Science 14 (1999)), so runs decide whether curves or past hold. The scale of each pair's rest and noise is known up
to an inverse-gamma factor only, which makes the process a Student-t process (Shah, Wilson and Ghahramani, AISTATS 2014,
equation 4 and section 3): a pair that explains runs badly becomes less sure of itself before it is voted out. The
overall level is unknown (a constant with a wide prior). The combination and its constants are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.search.cluster_rest import OF_OTHERS, OF_SIZE, Rests
from analysis.search.cluster_shapes import ClusterShapes, sizes_of
from analysis.search.encoding import encode
from analysis.search.past import votes
from analysis.search.problem import Problem

MANY = 2000  # candidates; a longer list has a quarter of the hypotheses, which keeps a step below a second for 10,000
CURVES = 1024
RESTS = 32
KEPT = 256  # of the pairs of curve and rest, after the vote
FLAT_SHARE = 0.3  # prior probability that no curve fits
APPLICATIONS = 4  # past applications whose curves have as much prior weight as the others, before any run; see prior
FREEDOM = 4.0  # degrees of freedom of the scale
LEVEL_VARIANCE = 100.0  # of the overall level, which is not known


@dataclass(frozen=True)
class Belief:
    """What is believed of every candidate after some runs: a weighted mixture over P hypotheses.

    Attributes:
        weights: (P,), sum 1.
        means: (P, n), log value without noise.
        deviations: (P, n).
        noise: (P,), standard deviation of one run's noise.
        fails: (P, n), probability that a run fails; None as long as none did.
    """

    weights: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    noise: np.ndarray
    fails: np.ndarray | None

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
        seed: of the draws.
        follows_size: False for an outcome such as accuracy: no curves, only the rest.
    """

    def __init__(self, problem: Problem, seed: int = 0, follows_size: bool = True) -> None:
        n = len(problem.candidates)
        part = 4 if n > MANY else 1
        self.kept = KEPT // part
        self.rests = Rests(encode(problem.candidates), RESTS // part, seed, OF_SIZE if follows_size else OF_OTHERS)
        self.curves, self._shortages = np.zeros((1, n)), list[tuple[ClusterShapes, np.ndarray]]()
        self.applications = 0  # of the past, that have a say
        if follows_size:
            self._draw(problem, CURVES // part, seed)

    def _draw(self, problem: Problem, count: int, seed: int) -> None:
        """Curves, (H, n), the flat one last."""
        sizes, power = sizes_of(problem.candidates), problem.objective.price_power
        kinds = [ClusterShapes(sizes, count, seed)]
        learnt = votes(problem, kinds[0])
        if learnt is not None:
            kinds.append(kinds[0].as_voted(learnt.shares))
            self.applications = learnt.applications
        self.kinds = len(kinds)
        self._shortages = [(kind, kind.shortage(sizes)) for kind in kinds]
        flat = power * (sizes.log_price - sizes.log_price.mean())
        self.curves = np.vstack([*(kind.log_values(sizes, short, power) for kind, short in self._shortages), flat])

    @cached_property
    def fails(self) -> np.ndarray:
        """Probability of each curve that a run fails, (H, n): asked for once a run has failed."""
        if not self._shortages:
            return np.zeros_like(self.curves)
        fails = [kind.fails(shortage) for kind, shortage in self._shortages]
        return np.vstack([*fails, fails[0].mean(axis=0)])

    def prior(self, runs: int) -> np.ndarray:
        """Prior weights of the curves, (H,), when so many runs are known."""
        if len(self.curves) == 1:
            return np.ones(1)
        shares = np.asarray([APPLICATIONS * (1 + runs), self.applications][: self.kinds], float)
        each = np.repeat(shares / shares.sum(), (len(self.curves) - 1) // self.kinds)
        return np.append((1 - FLAT_SHARE) * each / each.sum(), FLAT_SHARE)

    def condition(
        self,
        told: Sequence[int],
        y: np.ndarray,
        extra: np.ndarray | None = None,
        failed: Sequence[int] = (),
        ended_well: Sequence[int] = (),
        level_variance: float = LEVEL_VARIANCE,
        guesses: int = 0,
    ) -> Belief:
        """What is believed after runs (equations 2.25, 2.26 and 2.30 of Rasmussen and Williams for each hypothesis).

        Args:
            told: indices of k runs.
            y: their log values, (k,).
            extra: further noise variance of single runs, (k,); None: none.
            failed: runs that failed, which speaks for curves that are short of memory there; may be among ``told``.
            ended_well: runs that did not fail.
            level_variance: 0: values are about the mean of the list.
            guesses: how many of the runs are guesses, which do not let the past fade.
        """
        ran = list(told)
        k = len(ran)
        if not k:
            return self._prior_belief()
        across = np.stack([self.rests.column(i) for i in ran], axis=1) + level_variance  # (G, k, n)
        own = self.rests.noise[:, None] ** 2 + (0.0 if extra is None else extra)  # (G, 1) or (G, k)
        factor = np.linalg.cholesky(across[:, :, ran] + own[:, :, None] * np.eye(k))
        inverse = np.linalg.inv(factor)
        off = y - self.curves[:, ran]  # (H, k)
        misfit = ((inverse @ off.T) ** 2).sum(axis=1)  # (G, H)
        degrees = k - 1 if level_variance else k  # the level takes one
        evidence = -(FREEDOM + degrees) / 2 * np.log1p(misfit / FREEDOM)
        evidence -= np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)[:, None]
        evidence += np.log(self.prior(k - guesses))
        if failed:
            evidence += np.log(self.fails[:, list(failed)]).sum(axis=1)
            evidence += np.log1p(-self.fails[:, list(ended_well)]).sum(axis=1)
        rest, curve, weights = self._keep(evidence)
        scale = np.sqrt((FREEDOM + misfit[rest, curve]) / (FREEDOM + degrees))  # (P,)
        means = self.curves[curve]
        deviations = np.empty_like(means)
        for g in np.unique(rest):
            of = rest == g
            half = inverse[g] @ across[g]
            variance = self.rests.variance[g] + level_variance - (half**2).sum(axis=0)
            means[of] += off[curve[of]] @ (inverse[g].T @ half)
            deviations[of] = scale[of, None] * np.sqrt(np.maximum(variance, 1e-8))
        return Belief(weights, means, deviations, scale * self.rests.noise[rest], self.fails[curve] if failed else None)

    def _prior_belief(self) -> Belief:
        """Before any run: every curve once, as the first run rests on their mean alone."""
        rest = np.arange(len(self.curves)) % len(self.rests.noise)
        return Belief(self.prior(0), self.curves, np.sqrt(self.rests.variance[rest]), self.rests.noise[rest], None)

    def _keep(self, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rest and curve of the hypotheses that go on, and their weights: systematic resampling of (G, H)."""
        vote = np.exp(evidence - evidence.max()).ravel()
        steps = np.cumsum(vote) / vote.sum()
        drawn = np.minimum(np.searchsorted(steps, (np.arange(self.kept) + 0.5) / self.kept), len(vote) - 1)
        chosen, times = np.unique(drawn, return_counts=True)
        return chosen // evidence.shape[1], chosen % evidence.shape[1], times / self.kept
