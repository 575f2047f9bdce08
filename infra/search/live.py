"""A live search: propose a shape and a workload, apply the shape, run the workload, collect, destroy, tell; until it stops
or a limit is reached. Of one workload, or one shape for a set of workloads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from analysis.errors import SearchError
from analysis.search.core.problem import Objective, Outcome, Past, Problem
from analysis.search.model.winner import Winner
from analysis.search.strategies.registry import DEFAULT, strategy_for
from analysis.search.strategies.strategy import Proposal, Told, tell_or_fail
from analysis.search.workload_sets.set_loss import SetWinner
from analysis.search.workload_sets.workload_set import SetSearch
from infra.base.errors import Interrupted, UsageError
from infra.base.locks import host_lock
from infra.base.progress import Progress
from infra.inputs.workloads import JOB, all_workloads, find_workload
from infra.search.allowance import Allowance
from infra.search.journal import Journal
from infra.search.loop import Loop
from infra.search.past import to_candidates
from infra.search.run import Runner
from workloads.record import Scenario
from workloads.record.search import RunOutcome as Event

SET_STRATEGY = "micky"
ALWAYS = ("runtime_s", "cost_usd")  # every run measures them


@dataclass(frozen=True)
class Spec:
    """What is searched for.

    Attributes:
        shapes: the candidates.
        workloads: names; more than one: a set, for all of which one shape is searched.
        facts: all that determines the runs (settings, data, time limit), for the journal.
        objective: what to minimise within which limits, for each workload.
        strategy, seed: how; a set is searched by ``micky`` alone.
        max_usd, max_runs: limits; None: none.
        parallel: shapes that run side by side.
        uses: how often the shape will be used once found (strategy ``bakeoff``); None: its default.
    """

    shapes: list[Scenario]
    workloads: tuple[str, ...]
    objective: Objective
    facts: dict[str, Any] = field(default_factory=dict)
    strategy: str | None = None  # DEFAULT, and of a set SET_STRATEGY
    seed: int = 0
    max_usd: float | None = None
    max_runs: int | None = None
    parallel: int = 1
    uses: float | None = None


@dataclass(frozen=True)
class Found:
    """The end of a search; of a set of workloads, its winner is a :class:`SetWinner`."""

    winner: Winner | SetWinner | None
    shape: Scenario | None
    reason: str  # why it stopped
    runs: list[dict[str, Any]]  # shape, workload, reason of the proposal, status, values
    paid_usd: float
    runs_saved: int  # against running every workload on every candidate
    why_none: str | None = None  # where there is no winner

    def as_json(self) -> dict[str, Any]:
        shape = self.shape.model_dump() if self.shape else None
        winner = asdict(self.winner) if self.winner else None
        return {**asdict(self), "shape": shape, "winner": winner}


class Method(Told, Protocol):
    """What proposes and is told: a strategy, or the search for a set. Run k is workload ``k // shapes`` on shape
    ``k % shapes``."""

    @property
    def told(self) -> Mapping[int, Outcome]: ...
    def ask(self, pending: Collection[int] = ()) -> Proposal: ...
    def stop(self, pending: int = 0) -> str | None: ...
    def winner(self) -> Winner | SetWinner | None: ...
    def why_none(self) -> str: ...


def check_objective(objective: Objective, workloads: Iterable[str]) -> None:
    """Refuse a workload that does not measure what the objective needs. What a script of the user's does shows when it ran.

    Raises:
        UsageError: with the workload, what it lacks, and the workloads that measure it.
    """
    for workload in workloads:
        if workload != JOB and (lacks := _not_promised(objective, workload)):
            able = [name for name in all_workloads() if lacks[0] in _promised(name)]
            raise UsageError(
                f"The objective '{objective}' needs {lacks[0]}, which {workload} does not measure. Choose another objective "
                f"or limit, or a workload that does: {', '.join(able)}."
            )


def _not_promised(objective: Objective, workload: str) -> list[str]:
    """What the objective needs and not every run of the workload is known to measure."""
    return [name for name in objective.needs if name not in _promised(workload)]


def _promised(workload: str) -> tuple[str, ...]:
    """Outcomes that every run of the workload measures; of a script of the user's nothing more is known."""
    own = () if workload == JOB else find_workload(workload).outcomes
    return (*ALWAYS, *(outcome.name for outcome in own))


def search(
    spec: Spec,
    folder: Path,
    runner: Runner,
    past: tuple[Past, ...],
    progress: Progress,
    interrupt: Callable[[Interrupted], None] | None = None,
) -> Found:
    """Search until the strategy stops or a limit is reached; a killed search goes on where its journal ends.

    Args:
        spec: what is searched for.
        folder: of the journal, ``runs/<name>``.
        runner: runs one workload on one shape to its end, teardown included. Where it refuses with a UsageError or LimitError,
            the pair has not been run.
        past: runs of other workloads, for strategies that learn from such; a set's search does not.
        progress: told every proposal and what came of it.
        interrupt: stops runs in other threads (``spec.parallel``), each with its teardown, when this one is interrupted; without
            it they come to their end.

    Raises:
        UsageError: the folder holds another search, the strategy cannot work with what it is given, or the first run was
            refused.
        LimitError: the limits leave too little for the first run.
    """
    of_set = len(spec.workloads) > 1
    name = spec.strategy or (SET_STRATEGY if of_set else DEFAULT)
    try:
        method = _for_set(spec, name, progress) if of_set else _for_one(spec, name, past)
    except SearchError as error:
        raise UsageError(str(error)) from error
    facts = {
        "workload": list(spec.workloads) if of_set else spec.workloads[0], "objective": str(spec.objective),
        "strategy": name, "seed": spec.seed, "shapes": [shape.model_dump() for shape in spec.shapes], **spec.facts,
    }  # fmt: skip
    # Two at once would write one journal.
    with host_lock(f"search-{folder.resolve()}", timeout_s=24 * 3600, progress=progress):
        loop = _Search(spec, method, Journal(folder, facts), runner, progress, interrupt)
        return loop.found(loop.run())


def _for_one(spec: Spec, name: str, past: tuple[Past, ...]) -> Method:
    if spec.uses is not None and name != DEFAULT:
        raise UsageError(f"--uses is for the strategy {DEFAULT}; received {spec.uses:g} for {name}. Leave it out.")
    return strategy_for(name, Problem(to_candidates(spec.shapes), spec.objective, past), spec.seed, spec.uses)


def _for_set(spec: Spec, name: str, progress: Progress) -> Method:
    if name != SET_STRATEGY:
        raise UsageError(
            f"One shape for a set of workloads is searched by --strategy {SET_STRATEGY} alone; received '{name}'. "
            "Leave --strategy out, or name one workload."
        )
    if spec.uses is not None:
        raise UsageError(
            f"--uses is for a search of one workload; received {spec.uses:g} for {len(spec.workloads)}. Leave it out."
        )
    method = SetSearch(spec.workloads, [shape.name for shape in spec.shapes], spec.objective, spec.seed)
    first = method.bandit.first
    if spec.max_runs is not None and spec.max_runs < first:
        progress.note(
            f"--max-runs {spec.max_runs} is less than one round over {first} shapes: {first - spec.max_runs} of them are "
            f"not tried, and the recommendation is the best of the others; the method would take {method.bandit.budget}"
        )
    return method


class _Search(Loop):
    def __init__(
        self,
        spec: Spec,
        method: Method,
        journal: Journal,
        runner: Runner,
        progress: Progress,
        interrupt: Callable[[Interrupted], None] | None,
    ) -> None:
        pairs = [(workload, shape) for workload in spec.workloads for shape in spec.shapes]
        allowance = Allowance(pairs, spec.max_usd, spec.max_runs, spec.parallel)
        super().__init__(pairs, allowance, journal, runner, progress, spec.parallel, interrupt)
        self.spec, self.method = spec, method
        self.lacks: dict[str, str] = {}  # by workload: what a run that ended well did not measure
        for event in journal.outcomes():
            self._told(self.index[event.workload, event.shape], event)
        if journal.outcomes():
            what = "pairs of workload and shape" if self.of_set else "candidates"
            progress.note(f"resumed: {len(journal.outcomes())} of {len(self.pairs)} {what} have been run")

    def ask(self, pending: list[int]) -> int:
        proposal = self.method.ask(pending)
        workload, shape = self.pairs[proposal.index]
        number = len(self.method.told) + len(pending) + 1
        self.progress.note(f"run {number}: {self.named(proposal.index)}: {proposal.reason}")
        self.journal.proposed(shape.name, workload, proposal.reason)
        return proposal.index

    def ended(self, index: int, outcome: Event) -> None:
        self.journal.ended(outcome)
        self._told(index, outcome)
        said = ", ".join(f"{name} {value:.4g}" for name, value in outcome.values.items())
        self.progress.note(f"  {outcome.status}: {outcome.reason or said or 'no word'}")

    def _told(self, index: int, event: Event) -> None:
        if lacks := tell_or_fail(self.method, index, Outcome(event.status, event.values, event.metrics)):
            self.progress.note(f"  {lacks}")
            unknown = _not_promised(self.spec.objective, event.workload)
            if event.status == "ok" and (missing := [name for name in unknown if name not in event.values]):
                self.lacks[event.workload] = ", ".join(missing)
        self.allowance.settle(index, event)

    def _in_vain(self) -> str | None:
        """Why no run can be what is searched for: one of a workload ended well and lacks an outcome that none of it had."""
        measured = {self.pairs[i][0] for i, outcome in self.method.told.items() if outcome.ok}
        for workload, lacks in self.lacks.items():
            if workload not in measured:
                return f"{workload} ended well and did not measure {lacks}, which the objective needs"
        return None

    def enough(self, running: int) -> str | None:
        """Explain why no further run is started, given how many are in progress; None to go on."""
        if in_vain := self._in_vain():
            return in_vain
        if len(self.method.told) + running < len(self.pairs) and (used_up := self.allowance.used_up(running)):
            return used_up  # no limit ends what is at its end
        return self.method.stop(running)

    def _cure(self) -> str:
        """Where to look and what to do when no run ended well; nothing where one did, or none was made."""
        ended = self.journal.outcomes()
        if not ended or any(event.status == "ok" for event in ended):
            return ""
        last = next((event for event in reversed(ended) if event.record), None)
        where = (
            f"see the logs in {last.record}"
            if last
            else f"the last said: {(ended[-1].reason or 'no word').rstrip('.')}"
        )
        return f"; {where}. Mend the cause and give another --name, as no run of a search is made twice"

    def found(self, reason: str) -> Found:
        in_vain = self._in_vain()
        winner = None if in_vain else self.method.winner()
        reasons = self.journal.reasons()
        runs = [
            {
                "shape": e.shape, "workload": e.workload, "why": reasons.get((e.workload, e.shape), ""),
                "status": e.status, "values": e.values, "reason": e.reason, "record": e.record,
            }
            for e in self.journal.outcomes()
        ]  # fmt: skip
        shape = self.spec.shapes[winner.index] if winner else None
        why_none = None if winner else in_vain or self.method.why_none() + self._cure()
        return Found(winner, shape, reason, runs, self.allowance.paid_usd, len(self.pairs) - len(runs), why_none)
