"""Tell whoever started the job how far it is.

``BAKEOFF_PROGRESS`` names a file; the job keeps ``{"done": n, "total": N, "unit": "images"}`` in it, replaced
atomically, at most twice a second. Without the variable nothing is written.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

INTERVAL_S = 0.5


class Progress:
    """How many of ``total`` units are done."""

    def __init__(self, total: int, unit: str = "images") -> None:
        path = os.environ.get("BAKEOFF_PROGRESS")
        self._path = Path(path) if path else None
        self._total, self._unit, self._done = total, unit, 0
        self._written_at = -INTERVAL_S
        self._write()

    def add(self, count: int) -> None:
        self.set(self._done + count)

    def set(self, done: int) -> None:
        self._done = done
        if done >= self._total or time.monotonic() - self._written_at >= INTERVAL_S:
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        self._written_at = time.monotonic()
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            part.write_text(json.dumps({"done": self._done, "total": self._total, "unit": self._unit}))
            part.replace(self._path)
        except OSError:
            self._path = None  # the job's work matters more than the news of it
