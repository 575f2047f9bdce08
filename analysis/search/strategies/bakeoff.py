"""``bakeoff``, the default: a model of cluster shapes, expected improvement, and a stop when a run no longer pays for
itself.

The model is :mod:`analysis.search.model.cluster_model`. The next run has the largest expected improvement, as a share of
the best (:func:`analysis.search.model.gaussian_process.relative_improvement`), times the probability of keeping the limits
(the constrained EI of Gardner et al., ICML 2014). Before any run the best guess of the prior goes first.

The stop rule is ours. The search goes on while expected saving per use x :data:`USES` exceeds the price of the next run, by
itself or with the run after it (:mod:`analysis.search.model.two_runs`), and while going on paid for itself in searches played
on past workloads (:mod:`analysis.search.model.experience`). At least :data:`LEAST_RUNS` runs are made without a past, and
:data:`LEAST_RUNS_PAST` with one that is too small to play on.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.special import ndtr

from analysis.search.core.problem import Objective, Problem
from analysis.search.model import saving
from analysis.search.model.cluster_model import Belief, ClusterModel
from analysis.search.model.cluster_rest import LEVEL_VARIANCE
from analysis.search.model.experience import experience_of
from analysis.search.model.profiles import FAILED_ABOVE
from analysis.search.model.two_runs import worth_of_second
from analysis.search.strategies.strategy import Proposal, Strategy, until_told

USES = 40.0  # how often the found configuration will be used, unless said otherwise
LEAST_RUNS = 3
LEAST_RUNS_PAST = 2
FAILED_NOISE = 0.05  # how vaguely a failed run stands above the worst value seen (variance)
FAILED_FIRST = 1.0  # above the mean of the list, as long as no run has ended well


class Bakeoff(Strategy):
    """Expected improvement under the cluster model, until a run no longer pays for itself.

    Args:
        problem: candidates, objective, and past runs of other workloads.
        seed: of the model's draws.
        uses: how often the configuration will be used once found; more uses, longer search.
    """

    name = "bakeoff"

    def __init__(self, problem: Problem, seed: int = 0, uses: float = USES) -> None:
        super().__init__(problem, seed)
        self.uses = uses
        self.model = ClusterModel(problem, seed)
        self.experience = None if problem.objective.limits else experience_of(self.model)
        self._limits: dict[str, ClusterModel] = {}

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        score, belief = self._score(tuple(pending))
        index = max(open_, key=lambda i: (score[i], -i))
        deviation = float(
            belief.weights @ belief.deviations[:, index]
        )  # the typical one: a wide hypothesis must not rule
        best = self.best()
        if best is None:
            return Proposal(index, f"the best guess, uncertainty ±{math.expm1(deviation):.0%}", None, deviation)
        gain = float(score[index])
        change = math.expm1(float(belief.mean[index]) - math.log(best[1]))
        said = f"expected gain {gain:.1%}; predicted {change:+.0%} against the best, uncertainty ±{math.expm1(deviation):.0%}"
        return Proposal(index, said, gain, deviation)

    def stop_reason(self) -> str | None:
        best = self.best()
        if best is None or len(self.told) < self._least_runs():
            return None
        if self.experience:
            going_on = self.experience.worth_of_going_on(len(self.told), self.uses)
            if going_on is not None and going_on < 0:
                return (
                    f"to go on here did not pay for itself over {self.uses:g} uses in searches played on "
                    f"{len(self.experience.values)} past workloads"
                )
        score, belief = self._score(())
        ranked = sorted((i for i in range(len(score)) if i not in self.told), key=lambda i: (-score[i], i))
        saved, price = float(score[ranked[0]]), float(saving.price(belief, math.log(best[1]))[ranked[0]])
        net = saved * self.uses - price
        if net >= 0 or net + worth_of_second(belief, math.log(best[1]), ranked, self.uses) >= 0:
            return None
        return (
            f"the next run would save {saved:.1%} per use and costs {price:.2f} uses: over {self.uses:g} uses it does not "
            "pay for itself, nor by what it would tell of the one after it"
        )

    def _least_runs(self) -> int:
        if self.experience:
            return 1
        return LEAST_RUNS_PAST if self.model.applications else LEAST_RUNS

    @until_told
    def _score(self, pending: tuple[int, ...]) -> tuple[np.ndarray, Belief]:
        """Constrained expected improvement of every candidate, (n,), and the belief behind it."""
        belief = self._belief({})
        if pending:  # as if they had ended as predicted ("kriging believer", Ginsbourger, Le Riche and Carraro 2010)
            belief = self._belief({i: float(belief.mean[i]) for i in pending})
        best = self.best()
        for limit in self.problem.objective.limits:  # a run that breaks one is of as little use as one that fails
            belief = replace(belief, fails=1 - belief.ends_well * self._keeps(limit.outcome))
        if best is not None:
            return saving.gain(belief, math.log(best[1])), belief
        # Nothing feasible yet: the limits first, and among equals the lowest prediction.
        return np.asarray(np.log(np.maximum(belief.weights @ belief.ends_well, 1e-12)) - belief.mean), belief

    def _belief(self, guessed: dict[int, float]) -> Belief:
        """After the runs told, and guesses of log values as if they were runs. A failed run is a vague high value."""
        good = {i: math.log(self.value(i)) for i, outcome in self.told.items() if outcome.ok}
        failed = [i for i in self.told if i not in good]
        worst = max(good.values(), default=None)
        values = {**good, **guessed}
        for i in failed:
            paid = self.value(i) if self.told[i].status == "timed_out" else math.nan
            least = FAILED_FIRST if worst is None else max(worst, math.log(paid) if paid > 0 else worst) + FAILED_ABOVE
            values[i] = least
        ran = [i for i in [*self.told, *guessed] if i in values]
        extra = np.asarray([FAILED_NOISE if i in failed else 0.0 for i in ran])
        level = LEVEL_VARIANCE if good else 0.0
        told = np.asarray([values[i] for i in ran])
        return self.model.condition(ran, told, extra, failed, list(good), level, len(guessed))

    def _keeps(self, outcome: str) -> np.ndarray:
        """Probability per candidate that an outcome keeps its limit."""
        limit = next(limit for limit in self.problem.objective.limits if limit.outcome == outcome)
        if outcome not in self._limits:
            self._limits[outcome] = _model_of(outcome, self.problem, self.seed)
        measured = {i: o.values[outcome] for i, o in self.told.items() if o.values.get(outcome, 0) > 0}
        if not measured:
            return np.ones(len(self.problem.candidates))
        belief = self._limits[outcome].condition(list(measured), np.log(list(measured.values())))
        sign = 1.0 if limit.bound == "at most" else -1.0
        z = sign * (math.log(limit.value) - belief.means) / np.sqrt(belief.deviations**2 + belief.noise[:, None] ** 2)
        return np.asarray(belief.weights @ ndtr(z))


def _model_of(outcome: str, problem: Problem, seed: int) -> ClusterModel:
    """A model of the logarithm of an outcome that has a limit; only run time and cost follow the size of a cluster."""
    if outcome == "runtime_s":
        return ClusterModel(Problem(problem.candidates, Objective("time"), problem.history), seed)
    if outcome == "cost_usd":
        return ClusterModel(Problem(problem.candidates, Objective("cost"), problem.history), seed)
    return ClusterModel(Problem(problem.candidates, Objective("time")), seed, follows_size=False)
