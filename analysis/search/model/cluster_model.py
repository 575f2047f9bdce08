"""Bayesian model averaging over a finite list of cluster shapes: the log value of a run, with few or no runs yet.

The logarithm of the value is a curve plus a rest. The prediction averages over many curves and many rests:

- Curves. A thousand physical ones (:mod:`analysis.search.model.cluster_shapes`), and a flat one for workloads that no curve
  fits. The price enters all of them with its known power. Past workloads add as many curves of the kinds that explain them
  (:mod:`analysis.search.model.past`). Their prior weight grows with the number A of past applications and fades with the k
  runs of the workload itself: A / (A + 4 (1 + k)). A past on the same candidates also adds its profiles and their mean
  (:mod:`analysis.search.model.profiles`), trusted as far as they predicted each other: with trust t their share is
  t A / (t A + 4).
- Rests. Gaussian processes with various length scales, deviations and noises (:mod:`analysis.search.model.cluster_rest`).
  The flat curve with a wide rest is the usual Bayesian optimisation, with its hyperparameters averaged out.

Every pair is weighted by how well it explains the runs (marginal likelihood; Bayesian model averaging, Hoeting et al.,
Statistical Science 14 (1999)), so runs decide whether curves or past hold. The scale of each pair's rest and noise is known up
to an inverse-gamma factor only, which makes the process a Student-t process (Shah, Wilson and Ghahramani, AISTATS 2014,
equation 4 and section 3): a pair that explains runs badly becomes less sure of itself before it is voted out. The
overall level is unknown (a constant with a wide prior). The combination and its constants are ours.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.search.core.encoding import encode
from analysis.search.core.problem import Problem
from analysis.search.model.cluster_rest import FREEDOM, LEVEL_VARIANCE, OF_OTHERS, OF_SIZE, Rests
from analysis.search.model.cluster_shapes import ClusterShapes, sizes_of
from analysis.search.model.past import kinds_of, votes
from analysis.search.model.profiles import Profiles, Say, profiles_of, say_of

MANY = 2000  # candidates; a longer list has a quarter of the hypotheses, which keeps a step below a second for 10,000
CURVES = 1024
RESTS = 32
KEPT = 256  # of the pairs of curve and rest, after the vote
FLAT_SHARE = 0.3  # prior probability that no curve fits
APPLICATIONS = 4  # past applications that have as much prior weight as what is believed without a past; see prior


@dataclass(frozen=True)
class Belief:
    """The prediction for every candidate after some runs: a weighted mixture over P hypotheses.

    Attributes:
        weights: (P,), sum 1; or (O, P), of O mixtures of the same hypotheses.
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
    def ends_well(self) -> np.ndarray:
        """Probability that a run does not fail, (P, n)."""
        return np.ones_like(self.means) if self.fails is None else 1 - self.fails

    def select(self, candidates: list[int]) -> Belief:
        """The belief restricted to these candidates."""
        fails = None if self.fails is None else self.fails[:, candidates]
        return replace(self, means=self.means[:, candidates], deviations=self.deviations[:, candidates], fails=fails)

    @property
    def mean(self) -> np.ndarray:
        """Mean of the mixture, (n,), or (O, n) of O mixtures."""
        return np.asarray(self.weights @ self.means)

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation of the mixture, (n,)."""
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
        self.physical, self._shortages = np.zeros((0, n)), list[tuple[ClusterShapes, np.ndarray]]()
        self.flat = np.zeros(n)
        self.applications = 0  # of the past, that have a say
        self.profiles: Profiles | None = None
        self.say = Say(np.zeros((len(self.rests.noise), 4)), 0.0, 0)
        if follows_size:
            self._draw(problem, CURVES // part, seed)
        self.curves = self._stacked()

    def _draw(self, problem: Problem, count: int, seed: int) -> None:
        """Curves of run time, (H, n), and what the past says of them and beside them."""
        sizes, power = sizes_of(problem.candidates), problem.objective.price_power
        self.flat = power * (sizes.log_price - sizes.log_price.mean())
        shapes = ClusterShapes(sizes, count, seed)
        self._shortages = [(shapes, shapes.shortage(sizes))]
        cast = votes(problem, shapes)
        if cast:
            voted = shapes.as_voted(kinds_of(cast))
            self._shortages.append((voted, voted.shortage(sizes)))
            self.applications = len({vote.past.app for vote in cast})
        drawn = [kind.log_values(sizes, short, power) for kind, short in self._shortages]
        self.physical = np.vstack(drawn)
        self.profiles = profiles_of(problem, cast, drawn[0])
        if self.profiles is not None:
            self.say = say_of(self.profiles, self.rests, drawn[0], self.flat, seed)

    def _stacked(self) -> np.ndarray:
        """All curves, (H, n): physical ones, mean and single profiles if they have a say, the flat one."""
        profiles = [self.profiles.mean, *self.profiles.values] if self.profiles and self.say.trust else []
        return np.vstack([self.physical, *profiles, self.flat])

    def without(self, app: str) -> ClusterModel:
        """A copy without the profiles of one application; the kinds of curve it voted for stay."""
        made = copy.copy(self)
        made.profiles = self.profiles.without(app) if self.profiles else None
        made.curves = made._stacked()
        made.__dict__.pop("fails", None)
        return made

    @cached_property
    def fails(self) -> np.ndarray:
        """Probability of each curve that a run fails, (H, n): asked for once a run has failed."""
        if not self._shortages:
            return np.zeros_like(self.curves)
        fails = [kind.fails(shortage) for kind, shortage in self._shortages]
        rest = np.broadcast_to(fails[0].mean(axis=0), (len(self.curves) - len(self.physical), self.curves.shape[1]))
        return np.vstack([*fails, rest])

    def prior(self, runs: int) -> np.ndarray:
        """Prior weights of every pair of rest and curve, (G, H), sum 1, when so many runs are known."""
        every = np.full(len(self.rests.noise), 1 / len(self.rests.noise))
        if not len(self.physical):
            return every[:, None]
        kinds = len(self._shortages)
        of_kind = np.asarray([APPLICATIONS * (1 + runs), self.applications][:kinds], float)
        physical = np.repeat(of_kind / of_kind.sum(), len(self.physical) // kinds) * kinds / len(self.physical)
        shares = np.outer(every, [1 - FLAT_SHARE, 0.0, 0.0, FLAT_SHARE])
        heard = self.say.trust * self.say.applications
        shares = (APPLICATIONS * shares + heard * self.say.shares) / (APPLICATIONS + heard)
        curve, mean, single, flat = np.split(shares, 4, axis=1)
        profiles = [mean, single * self.profiles.weights] if self.profiles and heard else []
        return np.hstack([curve * physical, *profiles, flat])

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
        """The belief after runs (equations 2.25, 2.26 and 2.30 of Rasmussen and Williams for each hypothesis).

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
        off = y - self.curves[:, ran]  # (H, k)
        across, inverse, misfit, degrees, evidence = self.rests.explain(ran, off, extra, level_variance)
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
        return Belief(
            self.prior(0).sum(axis=0), self.curves, np.sqrt(self.rests.variance[rest]), self.rests.noise[rest], None
        )

    def _keep(self, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rest and curve of the hypotheses that go on, and their weights: systematic resampling of (G, H)."""
        vote = np.exp(evidence - evidence.max()).ravel()
        steps = np.cumsum(vote) / vote.sum()
        drawn = np.minimum(np.searchsorted(steps, (np.arange(self.kept) + 0.5) / self.kept), len(vote) - 1)
        chosen, times = np.unique(drawn, return_counts=True)
        return chosen // evidence.shape[1], chosen % evidence.shape[1], times / self.kept
