"""Profiles: what past workloads of other applications showed on the very candidates at hand.

A profile is one past workload's log values over the list; where it was not run, the curves that it voted for stand in.
Profiles and their mean are hypotheses beside the curves of :mod:`analysis.search.model.cluster_model`. How much they have to
say is found from the past itself, each application predicted from the others:

- shares: the marginal likelihood of a few of its runs under curves, mean, single profiles and a flat curve, each with each
  rest; so the past also says how far a workload strays from the others (empirical Bayes, Carlin and Louis 2000, chapter 3).
- trust: how often, at least, the mean's best candidate is within 10 % of the application's own best. A likelihood over the
  whole list does not see this: where jobs differ in their memory need, profiles agree on most candidates, not on the best.

The combination and its constants are ours.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.search.core.problem import Problem
from analysis.search.core.ranking import match_candidates
from analysis.search.model.cluster_rest import Rests
from analysis.search.model.past import SAYING, Vote, app_weights

MEASURED = 0.5  # of the list, at least, for a profile
MOST = 96  # profiles; a longer past is thinned, in turns over its applications
PREDICTED = 48  # workloads at least that are predicted from the others, the same ones again with other runs where they are fewer
CURVES = 128  # curves at most that stand for all when shares are found
NEAR = math.log(1.1)
SURE = 1.0  # standard errors: profiles are trusted as often as they held, less one
FAILED_ABOVE = 0.2  # a failed run stands this much above the workload's worst one (log)


class Profiles(NamedTuple):
    """W profiles over n candidates.

    Attributes:
        values: log values about their mean over the list, (W, n).
        apps: application of each, (W,).
    """

    values: np.ndarray
    apps: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """(W,), sum 1: every application counts the same."""
        return app_weights(self.apps)

    @property
    def mean(self) -> np.ndarray:
        """Over applications, (n,)."""
        return np.asarray(self.weights @ self.values)

    def without(self, app: str) -> Profiles:
        """The profiles of the other applications."""
        others = self.apps != app
        return Profiles(self.values[others], self.apps[others])

    def in_turns(self, most: int) -> list[int]:
        """Up to so many profiles, one of each application before the second of any."""
        turns = pd.Series(self.apps).groupby(self.apps).cumcount().to_numpy()
        return [int(w) for w in np.argsort(turns, kind="stable")[:most]]


class Say(NamedTuple):
    """How far profiles are to be trusted.

    Attributes:
        shares: probability of each rest with curves, mean, single profiles and the flat curve, (G, 4), sum 1.
        trust: 0 to 1.
        applications: that were predicted.
    """

    shares: np.ndarray
    trust: float
    applications: int


def profiles_of(problem: Problem, cast: list[Vote], curves: np.ndarray) -> Profiles | None:
    """Profiles of the past workloads that voted, from two applications at least; None: there are none.

    Args:
        problem: with the candidates at hand.
        cast: votes for H curves.
        curves: these over the candidates at hand, (H, n).
    """
    found = [(vote.past.app, profile) for vote in cast if (profile := _profile(problem, vote, curves)) is not None]
    if len({app for app, _ in found}) < 2:
        return None
    every = Profiles(np.asarray([profile for _, profile in found]), np.asarray([app for app, _ in found]))
    chosen = every.in_turns(MOST)
    return Profiles(every.values[chosen], every.apps[chosen])


def _profile(problem: Problem, vote: Vote, curves: np.ndarray) -> np.ndarray | None:
    past = vote.past
    at = match_candidates(past, problem.candidates)
    known = np.asarray([math.nan if i is None else vote.values.get(i, math.nan) for i in at])
    failed = np.asarray([i is not None and not past.outcomes[i].ok for i in at])
    ran = np.isfinite(known)
    if ran.mean() < MEASURED:
        return None
    curve = vote.shares @ curves
    profile = np.where(ran, known, curve + (known - curve)[ran].mean())
    profile = np.where(failed, np.maximum(profile, known[ran].max() + FAILED_ABOVE), profile)
    return np.asarray(profile - profile.mean())


def say_of(profiles: Profiles, rests: Rests, curves: np.ndarray, flat: np.ndarray, seed: int) -> Say:
    """Find from the past how far profiles are to be trusted: predict each application from the others.

    Args:
        profiles: W of them.
        rests: G.
        curves: hypotheses without a past, (H, n).
        flat: the flat curve, (n,).
        seed: of the runs by which workloads are predicted.
    """
    names = sorted(set(profiles.apps))
    means = np.asarray([profiles.without(app).mean for app in names])
    some = curves[:: max(1, len(curves) // CURVES)]
    hypotheses = np.vstack([some, means, profiles.values, flat])
    of_app = np.asarray([names.index(app) for app in profiles.apps])
    others = (of_app[:, None] != of_app) * profiles.weights  # (W, W)
    others /= others.sum(axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    shares = np.zeros((len(rests.noise), 4))
    workloads = profiles.in_turns(PREDICTED)
    weights = app_weights(profiles.apps[workloads])
    for _ in range(max(1, PREDICTED // len(workloads))):
        ran = rng.permutation(len(flat))[:SAYING].tolist()
        for w, weight in zip(workloads, weights, strict=True):
            evidence = rests.explain(ran, profiles.values[w, ran] - hypotheses[:, ran]).evidence
            likelihood = np.exp(evidence - evidence.max())  # (G, hypotheses)
            curve, single = likelihood[:, : len(some)], likelihood[:, len(some) + len(names) : -1]
            mean = likelihood[:, len(some) + of_app[w]]
            each = np.stack([curve.mean(axis=1), mean, single @ others[w], likelihood[:, -1]], axis=1)
            shares += weight * each / each.sum()
    picked = means.argmin(axis=1)[of_app]
    near = profiles.values[range(len(picked)), picked] - profiles.values.min(axis=1) <= NEAR
    shares += 1e-9  # a hypothesis that explained no past workload may still explain the next
    return Say(shares / shares.sum(), _at_least(float(profiles.weights @ near), len(names)), len(names))


def _at_least(share: float, count: int) -> float:
    """Lower bound of a share seen in so many cases (Wilson, Journal of the American Statistical Association 22 (1927))."""
    square = SURE**2 / count
    spread = math.sqrt(square * share * (1 - share) + square**2 / 4)
    return max(0.0, (share + square / 2 - spread) / (1 + square))
