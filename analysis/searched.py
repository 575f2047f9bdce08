"""A search that lies beside its records: what it ran, the best so far after each run, what it recommends and saved."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import DamagedRecordError, SearchError
from analysis.formats import plural, quantity
from analysis.search.problem import Objective, Outcome

FILE = "search.jsonl"
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
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        events = _events(path)
        facts = events[0]
        objective = Objective.parse(str(facts["objective"]))
        why = {e["shape"]: str(e["reason"]) for e in events if e["event"] == "proposal"}
        runs: list[SearchRun] = []
        best: float | None = None
        for event in (e for e in events if e["event"] == "outcome"):
            run = _run(event, why.get(event["shape"], ""), objective, best)
            best = run.best
            runs.append(run)
        return Searched(
            str(facts["workload"]), str(objective), UNITS.get(objective.name, ""), str(facts["strategy"]),
            len(facts["shapes"]), tuple(runs),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, IndexError, TypeError, SearchError) as error:
        raise DamagedRecordError(f"{FILE} cannot be read: {error!r}") from error


def _events(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines[:-1]]
    with suppress(ValueError):  # killed while it wrote its last line; it will write that anew
        events += [json.loads(line) for line in lines[-1:]]
    return events


def _run(event: dict[str, Any], why: str, objective: Objective, best: float | None) -> SearchRun:
    outcome = Outcome(event["status"], event["values"], event["metrics"])
    try:
        value, feasible = objective.value(outcome), objective.feasible(outcome)
    except SearchError:  # it did not measure what the objective needs
        value, feasible = None, False
    if feasible and value is not None:
        best = value if best is None else min(best, value)
    usable = value if value is not None and value == value else None
    run_s = event["values"].get("runtime_s")
    return SearchRun(event["shape"], event["status"], why, usable, feasible, best, event["paid_usd"], run_s)
