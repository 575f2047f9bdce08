"""What long work says while it works. The library talks to a :class:`Progress`; the CLI draws it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol


class Progress(Protocol):
    """A listener for stages and counts; every method returns at once."""

    def stage(self, text: str) -> None:
        """A new stage began, such as ``apply four-small-ssd``."""

    def advance(self, done: int, total: int, unit: str) -> None:
        """Within the stage, ``done`` of ``total`` units are done (total 0: not known)."""

    def note(self, text: str) -> None:
        """A line that should stay readable afterwards."""


class Silent:
    """Says nothing."""

    def stage(self, text: str) -> None:
        return None

    def advance(self, done: int, total: int, unit: str) -> None:
        return None

    def note(self, text: str) -> None:
        return None


def read_progress(path: Path) -> tuple[int, int, str]:
    """Done, total and unit, as a job tells them; 0 of 0 where it tells nothing."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return int(told["done"]), int(told["total"]), str(told["unit"])
    except (OSError, ValueError, KeyError):
        return 0, 0, ""
