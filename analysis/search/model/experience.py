"""Stop rule learnt from the past: did further runs pay for themselves on past workloads?

Expected improvement looks one run ahead and is an average over what the model holds possible; where the first guess is good
and candidates hardly differ it promises more than searches then find. So the search is played on past workloads of other
applications, from their profiles, each with a model that does not have the profiles of its own application (what that one
voted for, and its part in the shares, stay: played searches are a little too good); what those searches saved by going on,
and paid for it, is known. It ends a search only where it is sure that going on does not pay, as the few workloads to which
it is worth a lot decide the mean. It is heard after the first runs only, while it looks at least :data:`RUNS` -
:data:`HEARD` runs ahead; later the workload's own runs know more. Ours, not of a paper.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student_t

from analysis.search.model import saving
from analysis.search.model.cluster_model import MANY, ClusterModel

WORKLOADS = 16  # played at most, in turns over applications
RUNS = 5  # how far
HEARD = 2  # runs after which it has no say any more
LEAST_APPLICATIONS = 3  # of fewer nothing is concluded
SURE = 0.95  # confidence that going on does not pay


class Experience(NamedTuple):
    """Searches played on W past workloads.

    Attributes:
        values: log value of each run in its order, (W, RUNS), or as many runs as there are candidates.
        apps: application of each workload, (W,).
    """

    values: np.ndarray
    apps: np.ndarray

    def worth_of_going_on(self, runs: int, uses: float) -> float | None:
        """Upper bound of the net saving by further runs after so many, in prices of the best run so far.

        The upper end of the one-sided 95 % interval of the mean over applications (Student's t): rare workloads, to which going
        on is worth a lot, are what few applications do not show.

        Args:
            runs: made so far, from 1 on.
            uses: how often the configuration will be used.

        Returns:
            None: it has no say after so many.
        """
        if runs > HEARD or runs >= self.values.shape[1]:
            return None
        best = self.values[:, :runs].min(axis=1, keepdims=True)
        later = self.values[:, runs:] - best
        saved = uses * -np.expm1(np.minimum(np.minimum.accumulate(later, axis=1), 0))
        paid = np.exp(np.minimum(later, saving.DEAREST)).cumsum(axis=1)
        names = sorted(set(self.apps))
        net = np.asarray([(saved - paid)[self.apps == app].mean(axis=0) for app in names])
        error = net.std(axis=0, ddof=1) / math.sqrt(len(names))
        most = net.mean(axis=0) + student_t.ppf(SURE, len(names) - 1) * error
        return float(most.max())


def experience_of(model: ClusterModel) -> Experience | None:
    """Play the past of a model's problem; None: too few applications, or a list so long that it would take minutes."""
    profiles = model.profiles
    if profiles is None or len(set(profiles.apps)) < LEAST_APPLICATIONS or profiles.values.shape[1] > MANY:
        return None
    played = profiles.in_turns(WORKLOADS)
    values = [_play(model.without(profiles.apps[w]), profiles.values[w]) for w in played]
    return Experience(np.asarray(values), profiles.apps[played])


def _play(model: ClusterModel, profile: np.ndarray) -> np.ndarray:
    """Log values of the runs of one search."""
    order = [int(model.condition([], np.zeros(0)).mean.argmin())]
    while len(order) < min(RUNS, len(profile)):
        belief = model.condition(order, profile[order])
        gain = saving.gain(belief, float(profile[order].min()))
        gain[order] = -np.inf
        order.append(int(gain.argmax()))
    return profile[order]
