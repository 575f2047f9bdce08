"""Images that arrive in the bucket at a set rate, whatever becomes of them.

An image is uploaded when it is due, and then entered into the journal: small files of JSON lines, which appear whole, as
Spark's file source needs them. What is in the journal has arrived. Each arrival has a number and a name of its own, so that
it can be told whether one was lost or counted twice.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from workloads.storage import Store

FLUSH_S = 0.25


@dataclass
class Feeder:
    """Uploads and journals arrivals; one step of load after the other."""

    arrivals: Store
    journal: Store
    pictures: list[tuple[str, bytes]]  # <class>/<name>, JPEG
    threads: int
    first: int = 0  # number of the next arrival: a restarted job goes on counting
    due_at: dict[str, float] = field(default_factory=dict)  # unix s, of each arrival of this process
    _entered: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sequence: int = 0

    def feed(self, step: int, due_s: Sequence[float], stop: threading.Event) -> None:
        """Let images arrive when they are due, seconds from now; returns when the last one is in the journal.

        Raises:
            StorageError: one cannot be uploaded.
        """
        start = time.time()
        flushed_at = time.monotonic()
        with ThreadPoolExecutor(self.threads) as pool:
            uploads = []
            for due in due_s:
                while (early_s := start + due - time.time()) > 0 and not stop.is_set():
                    time.sleep(min(early_s, FLUSH_S))
                    flushed_at = self._flush(flushed_at)
                if stop.is_set():
                    break
                uploads.append(pool.submit(self._arrive, self.first, step, start + due))
                self.first += 1
                flushed_at = self._flush(flushed_at)
            while not all(upload.done() for upload in uploads):
                time.sleep(0.02)
                flushed_at = self._flush(flushed_at)
        self._flush(0.0)
        for upload in uploads:
            upload.result()

    def _arrive(self, number: int, step: int, due_at: float) -> None:
        source, data = self.pictures[number % len(self.pictures)]
        name = f"{number:08d}/{source}"
        self.arrivals.write(name, data)
        with self._lock:
            self.due_at[name] = due_at
            self._entered.append(json.dumps({"name": name, "step": step, "due_at": due_at}))

    def _flush(self, flushed_at: float) -> float:
        """Enter what has arrived into the journal, at most every ``FLUSH_S``; returns when it was done last."""
        if time.monotonic() - flushed_at < FLUSH_S:
            return flushed_at
        with self._lock:
            lines, self._entered = self._entered, []
        if lines:
            self._sequence += 1
            self.journal.write(
                f"{time.time_ns()}-{self._sequence:06d}.json", "".join(f"{line}\n" for line in lines).encode()
            )
        return time.monotonic()


def journaled(journal: Store) -> list[dict[str, object]]:
    """Everything that has arrived so far, by the journal."""
    rows = []
    for entry in journal.list():
        if entry.name.endswith(".json"):
            rows += [json.loads(line) for line in journal.read(entry.name).splitlines()]
    return rows
