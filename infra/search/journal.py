"""The journal of a live search, so that a killed search goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from infra.base.errors import RecordError, UsageError
from workloads.record import search as journal
from workloads.record.search import Proposal, RunOutcome, Search

Pair = tuple[str, str]
"""A workload and the shape that it runs on, by name."""


class Journal:
    """``runs/<search>/search.jsonl`` (:mod:`workloads.record.search`), written on; a search that differs may not.

    Args:
        folder: of the search's records.
        facts: what determines the search: shapes, workload (of a set the list of them), objective, strategy, seed, and what
            else determines the runs.

    Raises:
        UsageError: the folder holds another search.
        RecordError: a line is damaged (other than a last one that a kill cut off), or of a pair that is not searched.
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.path = folder / journal.FILE
        self.events: list[Proposal | RunOutcome] = []
        asked = Search.model_validate(json.loads(json.dumps(facts, default=str)))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            found = journal.read(self.path) if self.path.exists() else None
        except ValueError as error:
            raise RecordError(
                f"{self.path}, {error}. Move this file away and search again: runs that ended well have their records "
                "beside it and are not made again."
            ) from error
        if found is None:
            self._replace(journal.line(asked))
            return
        begun, self.events, whole = found
        was, now = begun.model_dump(), asked.model_dump()
        differs = sorted(key for key in was if was[key] != now.get(key))  # an older journal may lack what is asked now
        if differs and not self.outcomes():  # nothing was run: nothing is lost
            self.events = []
            self._replace(journal.line(asked))
            return
        if differs:
            raise UsageError(
                f"{folder} holds a search that differs in {', '.join(differs)}: '{was.get(differs[0])}' there, "
                f"'{now.get(differs[0])}' asked for. Give another --name, or move that folder away."
            )
        if now.keys() > was.keys():  # from now on they count
            whole = journal.line(asked) + "".join(journal.line(event) for event in self.events)
        if whole != self.path.read_text(encoding="utf-8"):
            self._replace(whole)

    def _replace(self, text: str) -> None:
        whole = self.path.with_suffix(".tmp")
        whole.write_text(text, encoding="utf-8")
        whole.replace(self.path)

    def _append(self, event: Proposal | RunOutcome) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(journal.line(event))
            file.flush()
            os.fsync(file.fileno())
        self.events.append(event)

    def proposed(self, shape: str, workload: str, reason: str) -> None:
        """Before a run: it is to be run, and why."""
        self._append(Proposal(shape=shape, workload=workload, reason=reason))

    def ended(self, outcome: RunOutcome) -> None:
        """After a run: what it showed."""
        self._append(outcome)

    def outcomes(self) -> list[RunOutcome]:
        """Runs that ended, in their order."""
        return [event for event in self.events if isinstance(event, RunOutcome)]

    def unfinished(self) -> list[Pair]:
        """Pairs that were proposed and have no outcome: their runs were killed."""
        ended = {(event.workload, event.shape) for event in self.outcomes()}
        return [pair for pair in self.reasons() if pair not in ended]

    def reasons(self) -> dict[Pair, str]:
        """Why each pair was proposed, in the order in which they were."""
        return {(event.workload, event.shape): event.reason for event in self.events if isinstance(event, Proposal)}
