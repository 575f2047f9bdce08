"""One shape for a set of workloads, by Micky's bandit: ask for a pair of workload and shape, tell its outcome."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from analysis.errors import SearchError
from analysis.search.core.problem import Objective, Outcome
from analysis.search.strategies.micky import ALPHA, Bandit
from analysis.search.strategies.strategy import Proposal
from analysis.search.workload_sets.set_loss import SetWinner, winner_of
from workloads.record.search import named_twice


class SetSearch:
    """A search over pairs: pair k is workload ``k // len(shapes)`` on shape ``k % len(shapes)``.

    Same arguments, same tells: same proposals.

    Args:
        workloads: names of two or more.
        shapes: names of the candidates.
        objective: what to minimise, for each workload; a run beyond a limit counts as failed.
        seed: of the order in which shapes are first tried.

    Raises:
        SearchError: fewer than two workloads, or one twice.
    """

    def __init__(self, workloads: Sequence[str], shapes: Sequence[str], objective: Objective, seed: int = 0) -> None:
        if len(workloads) < 2:
            raise SearchError(f"One shape for a set needs at least two workloads; received {len(workloads)}.")
        if wrong := named_twice(workloads):
            raise SearchError(wrong)
        self.workloads, self.shapes, self.objective = tuple(workloads), tuple(shapes), objective
        self.bandit = Bandit(len(workloads), len(shapes), seed)
        self.told: dict[int, Outcome] = {}

    def ask(self, pending: Collection[int] = ()) -> Proposal:
        """The next pair to run, as ``workload * shapes + shape``. Raises SearchError past the end (:meth:`stop`)."""
        under_way = [divmod(index, len(self.shapes)) for index in pending]
        pull = self.bandit.ask(under_way)
        if pull is None:
            raise SearchError(f"There is no pair to propose: {self.stop(len(pending))}.")
        workload, shape = pull
        number = len(self.told) + len(pending) + 1
        index = workload * len(self.shapes) + shape
        if number <= self.bandit.first:
            return Proposal(
                index,
                f"first look at each shape ({number} of {self.bandit.first}), by the workload with fewest runs",
            )
        effects = self.bandit.effects()
        share, deviation = math.expm1(effects.arm[shape]), float(effects.arm_sd[shape])
        side = f"{abs(share):.0%} {'below' if share < 0 else 'above'} the middle shape"
        return Proposal(
            index,
            f"may be the best for the set: expected {side}, uncertainty {deviation:.0%}",
            uncertainty=deviation,
        )

    def tell(self, index: int, outcome: Outcome) -> None:
        """Record the outcome of a pair's run. One that failed or broke a limit is information, not an error.

        Raises:
            SearchError: no such pair, or an outcome that is missing, zero or negative.
        """
        if not 0 <= index < len(self.workloads) * len(self.shapes):
            raise SearchError(
                f"Pairs are numbered 0 to {len(self.workloads) * len(self.shapes) - 1}; received {index}."
            )
        good = self.objective.feasible(outcome)
        value = math.log(self.objective.value(outcome)) if good else None
        self.told[index] = outcome
        self.bandit.tell(*divmod(index, len(self.shapes)), value)

    def stop(self, pending: int = 0) -> str | None:
        """Why the search should end now; None: it should go on. ``pending``: runs under way, which count as made."""
        runs, pairs = len(self.told) + pending, len(self.workloads) * len(self.shapes)
        if runs >= pairs:
            return "every workload has been run on every shape"
        if runs < self.bandit.budget:
            return None
        rounds = "one round" if ALPHA == 1 else f"{ALPHA} rounds"
        return (
            f"the method's budget of {self.bandit.budget} runs is spent: {rounds} over {len(self.shapes)} shapes, "
            f"then one run for every two workloads"
        )

    def choice(self) -> int | None:
        """The shape for the set: the best of those that were run and failed in no run; None: none, or nothing compared."""
        return self.bandit.choice() if self.compared else None

    @property
    def compared(self) -> bool:
        """Whether a workload ended well on two shapes, without which values say nothing of shapes; or one shape is left
        that has not failed."""
        good = Counter(pull.workload for pull in self.bandit.pulls if pull.log_value is not None)
        return max(good.values(), default=0) > 1 or len(self.shapes) - len(self.bandit.failed) == 1

    def winner(self) -> SetWinner | None:
        """The recommendation; None while nothing is compared, or every shape that was run failed in some run."""
        chosen = self.choice()
        return None if chosen is None else winner_of(self.bandit, chosen, self.workloads, self.shapes)

    def why_none(self) -> str:
        """Why there is no recommendation, in one line."""
        pulls = self.bandit.pulls
        if pulls and all(pull.log_value is None for pull in pulls):
            return "every run failed or broke a limit"
        if pulls and self.bandit.choice() is None:
            return "on every shape that was run, a run failed or broke a limit"
        more = "" if self.stop() else "; give it more runs"
        return f"no workload ended well on two shapes, so no two shapes were compared{more}"
