"""A live search: propose a shape and a workload, apply the shape, run the workload, collect, destroy, tell; until it stops
or a limit is reached. Of one workload, or one shape for a set of workloads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from analysis.errors import SearchError
from analysis.search.problem import Objective, Outcome, Past, Problem
from analysis.search.set_loss import SetWinner
from analysis.search.strategies import DEFAULT, strategy_for
from analysis.search.strategy import Proposal, Told, Winner, tell_or_failed
from analysis.search.workload_set import SetSearch
from infra.errors import Interrupted, LeftoverError, LimitError, UsageError
from infra.locks import host_lock
from infra.progress import Progress
from infra.search_allowance import Allowance
from infra.search_journal import Journal
from infra.search_past import candidates_of
from infra.search_run import Runner
from infra.signals import ignored
from infra.workloads_registry import JOB, WORKLOADS, find
from workloads.record import Scenario
from workloads.record.search import Outcome as Event

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
            able = [name for name, of in WORKLOADS.items() if lacks[0] in of.outcomes]
            raise UsageError(
                f"The objective '{objective}' needs {lacks[0]}, which {workload} does not measure. Choose another objective "
                f"or limit, or a workload that does: {', '.join(able)}."
            )


def _not_promised(objective: Objective, workload: str) -> list[str]:
    """What the objective needs and not every run of the workload is known to measure."""
    return [name for name in objective.needs if name not in (*ALWAYS, *find(workload).outcomes)]


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
        return _Search(spec, method, Journal(folder, facts), runner, progress, interrupt).run()


def _for_one(spec: Spec, name: str, past: tuple[Past, ...]) -> Method:
    if spec.uses is not None and name != DEFAULT:
        raise UsageError(f"--uses is for the strategy {DEFAULT}; received {spec.uses:g} for {name}. Leave it out.")
    return strategy_for(name, Problem(candidates_of(spec.shapes), spec.objective, past), spec.seed, spec.uses)


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


def _pairs_of(running: Mapping[Future[Event], tuple[int, int]]) -> list[int]:
    """The pairs that are running."""
    return [index for index, _ in running.values()]


class _Search:
    def __init__(
        self,
        spec: Spec,
        method: Method,
        journal: Journal,
        runner: Runner,
        progress: Progress,
        interrupt: Callable[[Interrupted], None] | None,
    ) -> None:
        self.spec, self.method, self.journal, self.runner, self.progress = spec, method, journal, runner, progress
        self.interrupt = interrupt
        self.pairs = [(workload, shape) for workload in spec.workloads for shape in spec.shapes]
        self.of_set = len(spec.workloads) > 1
        self.index = {(workload, shape.name): i for i, (workload, shape) in enumerate(self.pairs)}
        self.allowance = Allowance(self.pairs, spec.max_usd, spec.max_runs, spec.parallel)
        self.lacks: dict[str, str] = {}  # by workload: what a run that ended well did not measure
        for event in journal.outcomes():
            self._told(self.index[event.workload, event.shape], event)
        if journal.outcomes():
            what = "pairs of workload and shape" if self.of_set else "candidates"
            progress.note(f"resumed: {len(journal.outcomes())} of {len(self.pairs)} {what} have been run")

    def run(self) -> Found:
        running: dict[Future[Event], tuple[int, int]] = {}
        with ThreadPoolExecutor(max_workers=self.spec.parallel) as pool:
            try:
                try:
                    return self._run(pool, running)
                except Exception:
                    self._keep(running, "waiting for")
                    raise
            except Interrupted as error:
                with ignored():
                    if self.interrupt:
                        self.interrupt(error)
                    self._keep(running, "tearing down")
                    pool.shutdown()
                raise

    def _run(self, pool: ThreadPoolExecutor, running: dict[Future[Event], tuple[int, int]]) -> Found:
        waiting = [self.index[pair] for pair in self.journal.unfinished()]
        put_off = set[int]()  # of those waiting: they have been announced
        reason = refused = None
        side_by_side = self.spec.parallel
        by_itself = set[int]()  # started while none may run beside it
        while True:
            while (
                not (reason := reason or self._enough(len(running)))
                and len(running) < side_by_side
                and self._left(running)
            ):
                again = bool(waiting)
                index = waiting.pop(0) if again else self._ask(_pairs_of(running))
                if exceeded := self.allowance.exceeded_by(index, _pairs_of(running)):
                    waiting.insert(0, index)  # those under way may turn out to cost less
                    put_off.add(index)
                    reason = None if running else exceeded
                    break
                if again and index not in put_off:
                    self._say_again(index, len(running))
                if side_by_side == 1:
                    by_itself.add(index)
                slot = min(set(range(self.spec.parallel)) - {s for _, s in running.values()})
                running[self._start(pool, index, slot, len(running))] = (index, slot)
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                index, failed = self._take(future, running)
                if isinstance(failed, UsageError | LimitError):
                    if index in by_itself:
                        refused, reason = failed, self._refusal(index, failed)
                    else:  # quotas, and what is left of the limit, were shared
                        side_by_side = self.allowance.parallel = 1
                        waiting.insert(0, index)
                        put_off.add(index)
                        self.progress.note(f"{self._named(index)} is put off, and no others run side by side: {failed}")
                elif failed:
                    raise failed
        if refused and not self.method.told:
            raise type(refused)(f"{reason}.") from refused
        return self._found(reason or "every candidate has been run")

    def _take(
        self, future: Future[Event], running: dict[Future[Event], tuple[int, int]]
    ) -> tuple[int, BaseException | None]:
        """A run that has ended, or ends while this waits: its outcome is journaled, its error returned."""
        failed = future.exception()
        with ignored():
            index, _ = running.pop(future)
            if failed:
                self.allowance.settle(index, None)
            else:
                self._ended(index, future.result())
        return index, failed

    def _keep(self, running: dict[Future[Event], tuple[int, int]], what: str) -> None:
        """Journal what runs under way come to, when the search ends before them: they are paid for.

        Raises:
            LeftoverError: something of one survived its teardown.
        """
        if running:
            self.progress.note(f"{what} {', '.join(self._named(index) for index in _pairs_of(running))}")
        left: LeftoverError | None = None
        for future in list(running):
            index, failed = self._take(future, running)
            if failed and not isinstance(failed, Interrupted):
                self.progress.note(f"  {self._named(index)}: {failed}")
            if isinstance(failed, LeftoverError):
                left = left or failed
        if left:
            raise left

    def _left(self, running: dict[Future[Event], tuple[int, int]]) -> bool:
        return len(self.method.told) + len(running) < len(self.pairs)

    def _start(self, pool: ThreadPoolExecutor, index: int, slot: int, running: int) -> Future[Event]:
        left = self.allowance.grant(index, running)
        workload, shape = self.pairs[index]
        if self.spec.parallel > 1:
            return pool.submit(self.runner, shape, workload, slot, left)
        future: Future[Event] = Future()  # in this thread, so that Ctrl-C and SIGTERM reach the teardown
        try:
            future.set_result(self.runner(shape, workload, slot, left))
        except (UsageError, LimitError) as error:
            future.set_exception(error)
        return future

    def _named(self, index: int) -> str:
        workload, shape = self.pairs[index]
        return f"{workload} on {shape.name}" if self.of_set else shape.name

    def _refusal(self, index: int, error: Exception) -> str:
        """Why a run was not made; with the limit that the user gave, where the error speaks of what of it was left for it."""
        of = ""
        if self.spec.max_usd is not None and str(error).startswith("--max-usd"):
            of = f" (of --max-usd {self.spec.max_usd:g}, {self.allowance.paid_usd:.5f} USD are paid)"
        return f"{self._named(index)} was not run{of}: {str(error).rstrip('.')}"

    def _say_again(self, index: int, running: int) -> None:
        """Of a run that was proposed before, and cut off."""
        workload, shape = self.pairs[index]
        why = self.journal.reasons()[workload, shape.name]
        number = len(self.method.told) + running + 1
        self.progress.note(f"run {number}, proposed before: {self._named(index)}: {why}")

    def _ask(self, pending: list[int]) -> int:
        proposal = self.method.ask(pending)
        workload, shape = self.pairs[proposal.index]
        number = len(self.method.told) + len(pending) + 1
        self.progress.note(f"run {number}: {self._named(proposal.index)}: {proposal.reason}")
        self.journal.proposed(shape.name, workload, proposal.reason)
        return proposal.index

    def _ended(self, index: int, outcome: Event) -> None:
        self.journal.ended(outcome)
        self._told(index, outcome)
        said = ", ".join(f"{name} {value:.4g}" for name, value in outcome.values.items())
        self.progress.note(f"  {outcome.status}: {outcome.reason or said or 'no word'}")

    def _told(self, index: int, event: Event) -> None:
        if lacks := tell_or_failed(self.method, index, Outcome(event.status, event.values, event.metrics)):
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

    def _enough(self, running: int) -> str | None:
        """Why no further run is started, beside so many."""
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

    def _found(self, reason: str) -> Found:
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
