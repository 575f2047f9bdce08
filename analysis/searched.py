"""A search that lies beside its records: what it ran, the best so far after each run, what it recommends and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.errors import DamagedRecordError, SearchError
from analysis.formats import plural, quantity
from analysis.search.problem import Objective, Outcome
from workloads.record import search as journal

UNITS = {"cost": "USD", "time": "s"}


@dataclass(frozen=True)
class SearchRun:
    """One paid run. ``value`` is what the objective minimises; None: not measured."""

    shape: str
    status: str
    why: str  # it was proposed
    value: float | None
    feasible: bool  # it ended well and keeps the limits
    best: float | None  # of all runs so far that did
    paid_usd: float | None
    run_s: float | None


@dataclass(frozen=True)
class Searched:
    """A search as far as its journal goes, which may be unfinished."""

    workload: str
    objective: str
    unit: str  # of the values; empty: neither USD nor seconds
    strategy: str
    candidates: int
    runs: tuple[SearchRun, ...]

    @property
    def recommended(self) -> SearchRun | None:
        """The best run that ended well within the limits."""
        return min((run for run in self.runs if run.feasible), key=lambda run: run.value or 0.0, default=None)

    @property
    def saved(self) -> int:
        """Runs saved against running every candidate."""
        return self.candidates - len(self.runs)

    @property
    def paid_usd(self) -> float:
        """USD of all runs whose cost is known; notional on the local target."""
        return sum(run.paid_usd or 0.0 for run in self.runs)

    @property
    def text(self) -> str:
        """The recommendation and what it took, two sentences."""
        best = self.recommended
        took = (
            f"{plural(len(self.runs), 'run')} of {plural(self.candidates, 'candidate')} "
            f"for {quantity(self.paid_usd, 'USD')}: {plural(self.saved, 'run')} saved against trying all."
        )
        if best is None or best.value is None:
            return f"No recommendation: no run ended well within the limits. {took}"
        value = quantity(best.value, self.unit) if self.unit else f"{best.value:.4g}"
        return (
            f"Recommended: {best.shape}, at {value} per run the least found ({self.objective}), once measured. {took}"
        )


def read_search(folder: Path) -> Searched | None:
    """The search whose journal lies in a folder of records; None where there is none.

    Raises:
        DamagedRecordError: the journal cannot be read; a last line that was cut off is left out.
    """
    path = folder / journal.FILE
    if not path.is_file():
        return None
    try:
        found = journal.read(path)
        if found is None:
            raise ValueError("it holds no whole line")
        begun, events, _ = found
        objective = Objective.parse(begun.objective)
    except (OSError, ValueError, SearchError) as error:
        raise DamagedRecordError(f"{path.name} cannot be read: {error}") from error
    why = {event.shape: event.reason for event in events if isinstance(event, journal.Proposal)}
    runs: list[SearchRun] = []
    best: float | None = None
    for event in events:
        if isinstance(event, journal.Outcome):
            run = _run(event, why.get(event.shape, ""), objective, best)
            best = run.best
            runs.append(run)
    return Searched(
        begun.workload, str(objective), UNITS.get(objective.name, ""), begun.strategy, len(begun.shapes), tuple(runs)
    )


def _run(event: journal.Outcome, why: str, objective: Objective, best: float | None) -> SearchRun:
    outcome = Outcome(event.status, event.values, event.metrics)
    try:
        value, feasible = objective.value(outcome), objective.feasible(outcome)
    except SearchError:  # it did not measure what the objective needs
        value, feasible = None, False
    if feasible and value is not None:
        best = value if best is None else min(best, value)
    usable = value if value is not None and value == value else None
    run_s = event.values.get("runtime_s")
    return SearchRun(event.shape, event.status, why, usable, feasible, best, event.paid_usd, run_s)
