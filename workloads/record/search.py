"""``search.jsonl``: the journal of a search beside its records, one JSON line per event, in order of time.

The first line says what is searched for. A line is written at once and ends with a line break: one without was cut off
when its writer was killed, and does not count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from workloads.record.model import Model

FILE = "search.jsonl"


def named_twice(workloads: Sequence[str]) -> str | None:
    """What is wrong with a set that names a workload twice; None: none is."""
    twice = [name for name, count in Counter(workloads).items() if count > 1]
    if not twice:
        return None
    return f"Each workload of a set must be named once; received {twice[0]} twice. Leave one out."


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

    @property
    def shape_names(self) -> list[str]:
        """Names of the candidates."""
        return [str(shape["name"]) for shape in self.shapes]

    @field_validator("workload")
    @classmethod
    def _a_set(cls, workload: str | list[str]) -> str | list[str]:
        if isinstance(workload, list) and (wrong := named_twice(workload) if workload else "A set names no workload."):
            raise ValueError(wrong)
        return workload

    @field_validator("shapes")
    @classmethod
    def _named(cls, shapes: list[dict[str, object]]) -> list[dict[str, object]]:
        if not all("name" in shape for shape in shapes):
            raise ValueError("Each shape must have a name.")
        return shapes


class Proposal(Model):
    """Before a run: this shape is to be run, with which workload (filled in where an older journal has none), and why."""

    event: Literal["proposal"] = "proposal"
    shape: str
    workload: str = ""
    reason: str


class RunOutcome(Model):
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


Event = Annotated[Search | Proposal | RunOutcome, Field(discriminator="event")]
_EVENT: TypeAdapter[Search | Proposal | RunOutcome] = TypeAdapter(Event)


def line(event: Search | Proposal | RunOutcome) -> str:
    """An event as a line of the journal."""
    return json.dumps(event.model_dump()) + "\n"


def read(path: Path) -> tuple[Search, list[Proposal | RunOutcome], str] | None:
    """What is searched for, what happened, and the text of both without a line that was cut off.

    None where no line is whole.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is no event, not in its place, or of a pair that is not searched; the message gives its number.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    first: Search | None = None
    events: list[Proposal | RunOutcome] = []
    ended: set[tuple[str, str]] = set()
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
            known = event.model_copy(update={"workload": event.workload or first.workloads[0]})
            for what, name, names in (
                ("workload", known.workload, first.workloads),
                ("shape", known.shape, first.shape_names),
            ):
                if name not in names:
                    raise ValueError(f"line {number} is damaged: the search has no {what} '{name}'")
            if isinstance(known, RunOutcome):
                pair = (known.workload, known.shape)
                if pair in ended:
                    raise ValueError(f"line {number} is damaged: {pair[0]} on {pair[1]} ended before, and runs once")
                ended.add(pair)
            events.append(known)
    return None if first is None else (first, events, "".join(lines))
