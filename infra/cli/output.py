"""What the verbs print: JSON and tables to standard output, progress and errors to standard error."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from infra.base.errors import UsageError
from infra.base.paths import default_runs
from infra.records.store import RunStore

# A table that goes into a file or a pipe is not folded to a terminal's width.
stdout = Console(width=None if sys.stdout.isatty() else 160)
stderr = Console(stderr=True)

PLAIN_EVERY_S = 10.0

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
RunsOption = Annotated[
    str,
    typer.Option(
        "--runs",
        help="Folder of records and leases, or gs://bucket/prefix for records that are shared.",
        metavar="PLACE",
        default_factory=default_runs,
        show_default="runs/",
    ),
]
ShareOption = Annotated[
    float | None,
    typer.Option(
        "--local-cores-per-vcpu",
        min=0.01,
        max=4.0,
        help="Host cores that stand for one vCPU. Default: (cores - 0.5) / 10.",
    ),
]


def open_runs(context: typer.Context, place: str, *, only_records: bool = False) -> RunStore:
    """The records of a place until the verb ends, which then puts what is new where it is shared. Raises RecordError."""
    return context.with_resource(RunStore(place or default_runs(), only_records=only_records))


def say(text: str) -> None:
    """One line on standard output, as it is."""
    stdout.print(text, highlight=False, markup=False, soft_wrap=True)


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], left: Collection[str] = ()) -> None:
    """A table on standard output. Columns whose headings are not ``left`` are set to the right; cells are text as it is."""
    table = Table(title=escape(title) or None)
    for heading in headings:
        table.add_column(escape(heading), justify="left" if heading in left else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    stdout.print(table)


def print_notes(notes: list[str]) -> None:
    """What was left out, and the like, on standard error, as it is."""
    for note in notes:
        stderr.print(note, highlight=False, markup=False, soft_wrap=True)


def split_names(option: str, text: str) -> list[str]:
    """The names that an option gives, separated by commas, each once. Raises UsageError where there is none."""
    words = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise UsageError(f"{option} takes names separated by commas; received '{text}'. Name one, or leave it out.")
    return words


def check_plot(path: Path) -> None:
    """Make the folder of a figure before the work that it shows. Raises UsageError where no figure can be written."""
    rule = f"--plot must be a file in a folder that can be written; received '{path}'"
    if not path.name:
        raise UsageError(f"{rule}, which names no file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UsageError(f"{rule}: {error.strerror}.") from error


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=1, default=_plain) + "\n")


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


class Shown:
    """Progress on standard error: a live line on a terminal, a plain line now and then elsewhere."""

    def __init__(self, status: Status | None) -> None:
        self._status = status
        self._stage = ""
        self._last = 0.0

    def stage(self, text: str) -> None:
        self._stage = text
        if self._status:
            self._status.update(text)
        else:
            self._line(text)

    def advance(self, done: int, total: int, unit: str) -> None:
        if not total:
            return
        text = f"{self._stage}: {done} of {total} {unit}"
        if self._status:
            self._status.update(text)
        elif time.monotonic() - self._last > PLAIN_EVERY_S:
            self._line(text)

    def note(self, text: str) -> None:
        stderr.print(text, highlight=False, markup=False, soft_wrap=True)
        self._last = time.monotonic()

    def _line(self, text: str) -> None:
        stderr.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)
        self._last = time.monotonic()


@contextlib.contextmanager
def shown() -> Iterator[Shown]:
    """A progress display for the length of one verb."""
    if stderr.is_terminal:
        with stderr.status("starting") as status:
            yield Shown(status)
    else:
        yield Shown(None)
