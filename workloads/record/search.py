"""``search.jsonl``: the journal of a search beside its records, one JSON line per event, in order of time.

The first line says what is searched for. A line is written at once and ends with a line break: one without was cut off
when its writer was killed, and does not count.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from workloads.record.model import Model

FILE = "search.jsonl"


class Search(BaseModel):
    """What is searched for, and all else that determines the search (settings, data, time limit) as further fields."""

    model_config = ConfigDict(extra="allow", frozen=True)

    event: Literal["search"] = "search"
    workload: str | list[str]  # a list: one shape is searched for all of them
    objective: str
    strategy: str
    seed: int
    shapes: list[dict[str, object]]  # the candidates

    @property
    def workloads(self) -> list[str]:
        """Names of all workloads."""
        return [self.workload] if isinstance(self.workload, str) else self.workload


class Proposal(Model):
    """Before a run: this shape is to be run, with which workload (filled in where an older journal has none), and why."""

    event: Literal["proposal"] = "proposal"
    shape: str
    workload: str = ""
    reason: str


class Outcome(Model):
    """After a run: what it showed. ``values`` by outcome and unit; ``metrics`` low-level, means over nodes and seconds."""

    event: Literal["outcome"] = "outcome"
    shape: str
    workload: str = ""
    status: Literal["ok", "failed", "timed_out"]
    values: dict[str, float]
    metrics: dict[str, float]
    paid_usd: float | None
    reason: str | None  # why it is not ok
    record: str | None  # its directory


Event = Annotated[Search | Proposal | Outcome, Field(discriminator="event")]
_EVENT: TypeAdapter[Search | Proposal | Outcome] = TypeAdapter(Event)


def line(event: Search | Proposal | Outcome) -> str:
    """An event as a line of the journal."""
    return json.dumps(event.model_dump()) + "\n"


def read(path: Path) -> tuple[Search, list[Proposal | Outcome], str] | None:
    """What is searched for, what happened, and the text of both without a line that was cut off.

    None where no line is whole.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is no event, or not in its place; the message gives its number.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    first: Search | None = None
    events: list[Proposal | Outcome] = []
    for number, text in enumerate(lines, 1):
        try:
            event = _EVENT.validate_python(json.loads(text))
        except (json.JSONDecodeError, ValidationError) as error:
            raise ValueError(f"line {number} is damaged: {error}") from error
        if isinstance(event, Search) != (number == 1):
            raise ValueError(
                f"line {number} is damaged: what is searched for stands in the first line, and there alone"
            )
        if isinstance(event, Search):
            first = event
        elif first is not None:
            known = event.workload or first.workloads[0]
            events.append(event.model_copy(update={"workload": known}))
    return None if first is None else (first, events, "".join(lines))
