"""The journal of a live search: one JSON line per event, so that a killed search goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.errors import RecordError, UsageError

FILE = "search.jsonl"


class Journal:
    """``runs/<search>/search.jsonl``. The first line says what is searched for; a search that differs may not go on in it.

    Args:
        folder: of the search's records.
        facts: what determines the search: space, workload, objective, strategy, seed.

    Raises:
        UsageError: the folder holds another search.
        RecordError: a line other than the last is damaged (the last may have been cut off by a kill).
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.path = folder / FILE
        facts = json.loads(json.dumps(facts, default=str))
        folder.mkdir(parents=True, exist_ok=True)
        self.events = list(self._read())
        if not self.events:
            self.path.unlink(missing_ok=True)
            self._append({"event": "search", **facts})
            return
        was = {key: value for key, value in self.events[0].items() if key != "event"}
        if differs := sorted(key for key in {*was, *facts} if was.get(key) != facts.get(key)):
            raise UsageError(
                f"{folder} holds a search that differs in {', '.join(differs)}: '{was.get(differs[0])}' there, "
                f"'{facts.get(differs[0])}' asked for. Give another --name, or move that folder away."
            )

    def _read(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                if number == len(lines):
                    self._cut_to(lines[:-1])
                    return
                raise RecordError(f"{self.path}, line {number} is damaged: {error}. Move the folder away.") from error

    def _cut_to(self, lines: list[str]) -> None:
        whole = self.path.with_suffix(".tmp")
        whole.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        whole.replace(self.path)

    def _append(self, event: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.events.append(event)

    def proposed(self, shape: str, reason: str) -> None:
        """Before a run: it is to be run, and why."""
        self._append({"event": "proposal", "shape": shape, "reason": reason})

    def ended(self, shape: str, result: dict[str, Any]) -> None:
        """After a run: what it showed."""
        self._append({"event": "outcome", "shape": shape, **result})

    def outcomes(self) -> list[dict[str, Any]]:
        """Runs that ended, in their order."""
        return [event for event in self.events if event["event"] == "outcome"]

    def unfinished(self) -> list[dict[str, Any]]:
        """Proposals without an outcome: their runs were killed."""
        ended = {event["shape"] for event in self.outcomes()}
        found = {e["shape"]: e for e in self.events if e["event"] == "proposal" and e["shape"] not in ended}
        return list(found.values())
