"""Logs, for people to read."""

from __future__ import annotations

import os
from pathlib import Path


def last_words(log: Path, lines: int = 15) -> str:
    """The end of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.path.getsize(log) - 8192))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"({error})"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
