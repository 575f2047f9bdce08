"""A live search: propose a shape, apply it, run the workload, collect, destroy, tell; until it stops or a limit is
reached."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from analysis.errors import SearchError
from analysis.search.problem import Candidates, Objective, Outcome, Past, Problem
from analysis.search.strategies import DEFAULT, strategy_named
from analysis.search.strategy import Proposal, Strategy, Winner
from infra import catalogue
from infra.bench import read_record
from infra.errors import RecordError, UsageError
from infra.pricing import usd_per_hour
from infra.progress import Progress
from infra.search_journal import Journal
from infra.search_run import Runner
from workloads.record import Scenario, Status
from workloads.record.search import Outcome as Event


@dataclass(frozen=True)
class Spec:
    """What is searched for.

    Attributes:
        shapes: the candidates.
        workload: name; ``facts`` is all that determines it (settings, data, time limit), for the journal.
        objective: what to minimise within which limits.
        strategy, seed: how.
        max_usd, max_runs: limits; None: none.
        parallel: shapes that run side by side.
        uses: how often the shape will be used once found (strategy ``bakeoff``); None: its default.
    """

    shapes: list[Scenario]
    workload: str
    objective: Objective
    facts: dict[str, Any] = field(default_factory=dict)
    strategy: str = DEFAULT
    seed: int = 0
    max_usd: float | None = None
    max_runs: int | None = None
    parallel: int = 1
    uses: float | None = None


@dataclass(frozen=True)
class Found:
    """The end of a search."""

    winner: Winner | None
    shape: Scenario | None
    reason: str  # why it stopped
    runs: list[dict[str, Any]]  # shape, reason of the proposal, status, values
    paid_usd: float
    runs_saved: int  # against running every candidate

    def as_json(self) -> dict[str, Any]:
        shape = self.shape.model_dump() if self.shape else None
        winner = asdict(self.winner) if self.winner else None
        return {**asdict(self), "shape": shape, "winner": winner}


def candidates_of(shapes: list[Scenario]) -> Candidates:
    """Shapes as candidates: nodes that work (the master alone, or the workers), their size, disk, and price."""
    rows = []
    for shape in shapes:
        machine = catalogue.machine_type(shape.machine_type)
        rows.append(
            {
                "nodes": max(1, shape.workers),
                "vcpus": machine.vcpus,
                "mem_gib": machine.memory_gb,
                "machine_type": shape.machine_type,
                "master_machine_type": shape.master_machine_type,
                "disk_type": shape.disk_type,
                "disk_gb": shape.disk_gb,
            }
        )
    return Candidates(tuple(s.name for s in shapes), pd.DataFrame(rows), tuple(usd_per_hour(s) for s in shapes))


def search(spec: Spec, folder: Path, runner: Runner, past: tuple[Past, ...], progress: Progress) -> Found:
    """Search until the strategy stops or a limit is reached; a killed search goes on where its journal ends.

    Args:
        spec: what is searched for.
        folder: of the journal, ``runs/<name>``.
        runner: runs one shape to its end, teardown included.
        past: runs of other workloads, for strategies that learn from such.
        progress: told every proposal and what came of it.

    Raises:
        UsageError: the folder holds another search, or the strategy cannot work with what it is given.
    """
    try:
        problem = Problem(candidates_of(spec.shapes), spec.objective, past)
        made = strategy_named(spec.strategy)
        strategy = made(problem, spec.seed)
        if spec.uses is not None and hasattr(strategy, "uses"):
            strategy.uses = spec.uses
    except SearchError as error:
        raise UsageError(str(error)) from error
    facts = {
        "workload": spec.workload, "objective": str(spec.objective), "strategy": spec.strategy, "seed": spec.seed,
        "shapes": [shape.model_dump() for shape in spec.shapes], **spec.facts,
    }  # fmt: skip
    return _Search(spec, strategy, Journal(folder, facts), runner, progress).run()


class _Search:
    def __init__(self, spec: Spec, strategy: Strategy, journal: Journal, runner: Runner, progress: Progress) -> None:
        self.spec, self.strategy, self.journal, self.runner, self.progress = spec, strategy, journal, runner, progress
        self.index = {shape.name: i for i, shape in enumerate(spec.shapes)}
        self.paid_usd = 0.0
        for event in journal.outcomes():
            self._told(self.index[event.shape], event)
        if journal.outcomes():
            progress.note(f"resumed: {len(journal.outcomes())} of {len(spec.shapes)} candidates have been run")

    def run(self) -> Found:
        waiting = [self.index[shape] for shape in self.journal.unfinished()]
        running: dict[Future[Event], tuple[int, int]] = {}
        reason = None
        with ThreadPoolExecutor(max_workers=self.spec.parallel) as pool:
            while True:
                reason = reason or self._enough(len(running))
                while not reason and len(running) < self.spec.parallel and self._left(running):
                    index = waiting.pop(0) if waiting else self._ask([i for i, _ in running.values()])
                    if reason := self._enough(len(running), index):
                        break
                    slot = min(set(range(self.spec.parallel)) - {s for _, s in running.values()})
                    running[self._start(pool, index, slot)] = (index, slot)
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    index, _ = running.pop(future)
                    self._ended(index, future.result())
        return self._found(reason or "every candidate has been run")

    def _left(self, running: dict[Future[Event], tuple[int, int]]) -> bool:
        return len(self.strategy.told) + len(running) < len(self.spec.shapes)

    def _start(self, pool: ThreadPoolExecutor, index: int, slot: int) -> Future[Event]:
        left = None if self.spec.max_usd is None else self.spec.max_usd - self.paid_usd
        if self.spec.parallel > 1:
            return pool.submit(self.runner, self.spec.shapes[index], slot, left)
        future: Future[Event] = Future()  # in this thread, so that Ctrl-C and SIGTERM reach the teardown
        future.set_result(self.runner(self.spec.shapes[index], slot, left))
        return future

    def _ask(self, pending: list[int]) -> int:
        proposal: Proposal = self.strategy.ask(pending)
        shape = self.spec.shapes[proposal.index]
        self.progress.note(f"run {len(self.strategy.told) + len(pending) + 1}: {shape.name}: {proposal.reason}")
        self.journal.proposed(shape.name, proposal.reason)
        return proposal.index

    def _ended(self, index: int, outcome: Event) -> None:
        self.journal.ended(outcome)
        self._told(index, outcome)
        said = ", ".join(f"{name} {value:.4g}" for name, value in outcome.values.items())
        self.progress.note(f"  {outcome.status}: {outcome.reason or said or 'no word'}")

    def _told(self, index: int, event: Event) -> None:
        outcome = Outcome(event.status, event.values, event.metrics)
        try:
            self.strategy.tell(index, outcome)
        except SearchError as error:  # it ran and did not measure what the objective needs: of no use, and said
            self.progress.note(f"  {error}")
            self.strategy.tell(index, Outcome("failed", event.values, event.metrics))
        self.paid_usd += event.paid_usd or 0.0

    def _enough(self, running: int, index: int | None = None) -> str | None:
        """Why no further run is started; with ``index``, whether that very run is within the limits."""
        runs = len(self.strategy.told) + running
        if self.spec.max_runs is not None and runs >= self.spec.max_runs:
            return f"--max-runs {self.spec.max_runs} is reached"
        if self.spec.max_usd is not None:
            expected = self._expected_usd(index) if index is not None else 0.0
            if self.paid_usd + expected > self.spec.max_usd:
                return (
                    f"--max-usd {self.spec.max_usd:g} would be exceeded: {self.paid_usd:.4f} USD are paid, "
                    f"the next run is expected to cost {expected:.4f}"
                )
        return self.strategy.stop() if index is None and not running else None

    def _expected_usd(self, index: int) -> float:
        """Price of the shape for as long as the runs so far took, in the middle; 0 before any."""
        times = [o.values["runtime_s"] for o in self.strategy.told.values() if o.values.get("runtime_s", 0) > 0]
        rates = self.strategy.problem.candidates.usd_per_hour
        return rates[index] * median(times) / 3600 if times and rates else 0.0

    def _found(self, reason: str) -> Found:
        winner = self.strategy.winner()
        reasons = self.journal.reasons()
        runs = [
            {
                "shape": e.shape, "why": reasons.get(e.shape, ""), "status": e.status, "values": e.values,
                "reason": e.reason, "record": e.record,
            }
            for e in self.journal.outcomes()
        ]  # fmt: skip
        shape = self.spec.shapes[winner.index] if winner else None
        return Found(winner, shape, reason, runs, self.paid_usd, len(self.spec.shapes) - len(runs))


def past_of(runs_dir: Path, workload: str, target: str) -> tuple[Past, ...]:
    """Past runs of other workloads on the same target, from all records; damaged ones are left out."""
    groups: dict[tuple[str, str], dict[str, tuple[Scenario, Outcome]]] = {}
    for path in sorted(runs_dir.glob("*/*/run.json")):
        try:
            record = read_record(path.parent)
        except RecordError:
            continue
        ok = record.status is Status.OK and record.stages.run_s and record.cost_usd
        if record.workload == workload or record.target != target or not ok:
            continue
        values = {"runtime_s": float(record.stages.run_s or 0), "cost_usd": float(record.cost_usd or 0)}
        key = (record.workload, repr(sorted(record.configuration.items())))
        groups.setdefault(key, {})[record.scenario.name] = (record.scenario, Outcome("ok", values))
    found = []
    for (name, _), runs in groups.items():
        shapes = candidates_of([shape for shape, _ in runs.values()])
        found.append(Past(name, name, shapes, {i: outcome for i, (_, outcome) in enumerate(runs.values())}))
    return tuple(found)
