"""The interface of every strategy: ask, tell, stop, winner."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, TypeVar, cast

import numpy as np

from analysis.errors import SearchError
from analysis.search.core.problem import Outcome, Problem
from analysis.search.model.winner import Winner, winner_of

T = TypeVar("T")


@dataclass(frozen=True)
class Proposal:
    """A candidate to run next, and why.

    Attributes:
        index: which candidate.
        reason: one line for people.
        gain: expected improvement over the best so far, as a share of it (0.1: 10 %); None: the method has none.
        uncertainty: standard deviation of the prediction of log value, so about the relative error; None: no model.
    """

    index: int
    reason: str
    gain: float | None = None
    uncertainty: float | None = None


class Told(Protocol):
    """Anything that is told outcomes: a strategy, or the search for a set of workloads."""

    def tell(self, index: int, outcome: Outcome) -> None: ...


def tell_or_fail(search: Told, index: int, outcome: Outcome) -> str | None:
    """Tell an outcome. One without the value that the objective needs is told as failed; returns what it lacks."""
    try:
        search.tell(index, outcome)
    except SearchError as error:
        search.tell(index, replace(outcome, status="failed"))
        return str(error)
    return None


def until_told(method: Callable[..., T]) -> Callable[..., T]:
    """Compute a method of a strategy once for the same arguments, until the next run is told."""

    @functools.wraps(method)
    def remembered(self: Strategy, *args: Hashable) -> T:
        key = (method.__name__, len(self.told), args)
        if key not in self._remembered:
            self._remembered = {k: v for k, v in self._remembered.items() if k[1] == len(self.told)}
            self._remembered[key] = method(self, *args)
        return cast(T, self._remembered[key])

    return remembered


class Strategy(ABC):
    """A search over a finite list of candidates. Same problem, same seed, same tells: same proposals.

    A strategy can always be asked on past its own stop until every candidate has been run, so that strategies can be
    compared at equal numbers of runs.

    Args:
        problem: candidates, objective, and past runs of other workloads.
        seed: of whatever is random in the method.

    Raises:
        SearchError: the method needs what the problem does not have, such as past runs.
    """

    name: ClassVar[str]
    needs_history: ClassVar[bool] = False
    uses_seed: ClassVar[bool] = True

    def __init__(self, problem: Problem, seed: int = 0) -> None:
        if self.needs_history and not problem.history:
            raise SearchError(
                f"The strategy '{self.name}' learns from past runs of other workloads, and there are none. "
                "Replay a recording with other applications in it, search in a folder (--runs) with records of other workloads, "
                "or use 'bakeoff', which does without."
            )
        self.problem = problem
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.told: dict[int, Outcome] = {}
        self._remembered: dict[tuple[str, int, object], object] = {}

    @abstractmethod
    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        """The next candidate.

        Args:
            open_: candidates neither run nor running; never empty.
            pending: candidates that are running, so that the next one shall differ from them in what it teaches.
        """

    @abstractmethod
    def stop_reason(self) -> str | None:
        """Why another run is not worth its price, in one line; None: go on. Asked after at least one run."""

    def ask(self, pending: Collection[int] = ()) -> Proposal:
        """The next candidate to run. Raises SearchError if all have been run or are pending."""
        open_ = [i for i in range(len(self.problem.candidates)) if i not in self.told and i not in pending]
        if not open_:
            raise SearchError(f"All {len(self.problem.candidates)} candidates have been run: there is none to propose.")
        return self.propose(open_, sorted(pending))

    def tell(self, index: int, outcome: Outcome) -> None:
        """Record the outcome of a candidate's run. A run that failed is information, not an error.

        Raises:
            SearchError: no such candidate, or an outcome that is missing, zero or negative.
        """
        if not 0 <= index < len(self.problem.candidates):
            raise SearchError(f"Candidates are numbered 0 to {len(self.problem.candidates) - 1}; received {index}.")
        if outcome.ok:
            self.problem.objective.value(outcome)
            self.problem.objective.feasible(outcome)
        self.told[index] = outcome

    def stop(self, pending: int = 0) -> str | None:
        """Why the search should end now; None: it should go on. ``pending``: runs under way, which have taught nothing yet."""
        if len(self.told) == len(self.problem.candidates):
            return "every candidate has been run" + ("" if self.best() else ", and none ended well within the limits")
        reason = self.stop_reason() if self.told else None
        return f"{reason}, and none ended well within the limits" if reason and not self.best() else reason

    def why_none(self) -> str:
        """Why there is no winner, in one line; with how near the runs came to a limit that none keeps."""
        said = "no run ended well within the limits"
        for limit in self.problem.objective.limits:
            found = [o.values[limit.outcome] for o in self.told.values() if o.ok and limit.outcome in o.values]
            nearest = min(found, key=lambda v: v if limit.bound == "at most" else -v, default=None)
            if nearest is not None and not limit.holds(nearest):
                said += f"; asked for was {limit}, and the nearest of {len(found)} is {nearest:.4g}"
        return said

    def best(self) -> tuple[int, float] | None:
        """Index and value of the best run so far that ended well and keeps the limits."""
        found = [(self.value(i), i) for i, outcome in self.told.items() if self.problem.objective.feasible(outcome)]
        return (min(found)[1], min(found)[0]) if found else None

    def value(self, index: int) -> float:
        """Objective of a run that was told."""
        return self.problem.objective.value(self.told[index])

    def winner(self) -> Winner | None:
        """The recommendation; None while no run has ended well within the limits."""
        best = self.best()
        return None if best is None else winner_of(self.problem, self.told, *best)

    def training(self) -> tuple[list[int], np.ndarray]:
        """Runs as (indices, log values) for a model that knows no failures: (k,) and (k,).

        A run that failed or timed out stands with the worst value seen, or what was paid for it, whichever is more.
        """
        good = [self.value(i) for i, outcome in self.told.items() if outcome.ok]
        worst = max(good, default=1.0)
        values = []
        for outcome in self.told.values():
            if outcome.ok:
                values.append(self.problem.objective.value(outcome))
            else:
                paid = self.problem.objective.value(outcome) if outcome.status == "timed_out" else worst
                values.append(max(worst, paid) if math.isfinite(paid) else worst)
        return list(self.told), np.log(np.asarray(values))
