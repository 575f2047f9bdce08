"""A search that lies beside its records: what it ran, the best so far after each run, what it recommends and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.errors import DamagedRecordError, SearchError
from analysis.measures.formats import plural, quantity
from analysis.search.core.problem import Objective, Outcome
from analysis.search.strategies.strategy import tell_or_fail
from analysis.search.workload_sets.set_loss import SetWinner
from analysis.search.workload_sets.workload_set import SetSearch
from workloads.record import search as journal

UNITS = {"cost": "USD", "time": "s"}


@dataclass(frozen=True)
class SearchRun:
    """One paid run. ``value`` is what the objective minimises; None: not measured."""

    shape: str
    workload: str
    status: str
    why: str  # it was proposed
    value: float | None
    feasible: bool  # it ended well and keeps the limits
    best: float | None  # of all runs of the workload so far that did
    paid_usd: float | None
    run_s: float | None


@dataclass(frozen=True)
class Searched:
    """A search as far as its journal goes, which may be unfinished."""

    workloads: tuple[str, ...]  # more than one: one shape was searched for all
    objective: str
    unit: str  # of the values; empty: neither USD nor seconds
    strategy: str
    shapes: tuple[str, ...]  # the candidates
    runs: tuple[SearchRun, ...]
    shared: SetWinner | None = None  # of a set: the shape for all, once there is one
    why_none: str = ""  # of a set: why there is none

    @property
    def of_set(self) -> bool:
        return len(self.workloads) > 1

    @property
    def candidates(self) -> int:
        """Number of shapes, or for a set of pairs of workload and shape."""
        return len(self.workloads) * len(self.shapes)

    @property
    def recommended(self) -> SearchRun | None:
        """The best run that ended well within the limits; of a set there is no such run."""
        if self.of_set:
            return None
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
        what = "workload-shape pair" if self.of_set else "candidate"
        took = (
            f"{plural(len(self.runs), 'run')} of {plural(self.candidates, what)} "
            f"for {quantity(self.paid_usd, 'USD')}: {plural(self.saved, 'run')} saved against trying all."
        )
        if self.of_set:
            return f"{self._for_set} {took}"
        if best is None or best.value is None:
            return f"No recommendation: no run ended well within the limits. {took}"
        value = quantity(best.value, self.unit) if self.unit else f"{best.value:.4g}"
        return (
            f"Recommended: {best.shape}, at {value} per run the least found ({self.objective}), once measured. {took}"
        )

    @property
    def _for_set(self) -> str:
        if self.shared is None:
            return f"No recommendation of one shape for {' and '.join(self.workloads)}: {self.why_none}."
        lost = "; ".join(
            f"{loss.workload} {loss.loss:.2f} ({loss.low:.2f} to {loss.high:.2f}, "
            f"{'measured' if loss.measured is not None else 'not run'} on it, run on {loss.shapes_run} of {loss.shapes})"
            for loss in self.shared.losses
        )
        unknown = self.shared.optimum_unknown
        estimate = f" The own optimum of {', '.join(unknown)} was not measured: an estimate." if unknown else ""
        return (
            f"Recommended for all of {', '.join(self.workloads)}: {self.shapes[self.shared.index]}. Expected on it over "
            f"each one's own best shape ({self.objective}), with {self.shared.confidence:.0%} interval: {lost}.{estimate}"
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
    why = {(e.workload, e.shape): e.reason for e in events if isinstance(e, journal.Proposal)}
    outcomes = [event for event in events if isinstance(event, journal.RunOutcome)]
    shapes = tuple(begun.shape_names)
    runs: list[SearchRun] = []
    best: dict[str, float | None] = {}
    for event in outcomes:
        run = _run(event, why.get((event.workload, event.shape), ""), objective, best.get(event.workload))
        best[event.workload] = run.best
        runs.append(run)
    of_set = _set_search(begun, shapes, objective, outcomes) if len(begun.workloads) > 1 else None
    shared = of_set.winner() if of_set else None
    return Searched(
        tuple(begun.workloads), str(objective), UNITS.get(objective.name, ""), begun.strategy, shapes, tuple(runs),
        shared, of_set.why_none() if of_set and shared is None else "",
    )  # fmt: skip


def _set_search(
    begun: journal.Search, shapes: tuple[str, ...], objective: Objective, outcomes: list[journal.RunOutcome]
) -> SetSearch:
    search = SetSearch(begun.workloads, shapes, objective, begun.seed)
    for event in outcomes:
        index = begun.workloads.index(event.workload) * len(shapes) + shapes.index(event.shape)
        tell_or_fail(search, index, Outcome(event.status, event.values, event.metrics))
    return search


def _run(event: journal.RunOutcome, why: str, objective: Objective, best: float | None) -> SearchRun:
    outcome = Outcome(event.status, event.values, event.metrics)
    try:
        value, feasible = objective.value(outcome), objective.feasible(outcome)
    except SearchError:  # it did not measure what the objective needs
        value, feasible = None, False
    if feasible and value is not None:
        best = value if best is None else min(best, value)
    usable = value if value is not None and value == value else None
    run_s = event.values.get("runtime_s")
    return SearchRun(event.shape, event.workload, event.status, why, usable, feasible, best, event.paid_usd, run_s)
