"""Follow a driver's output as it grows in the bucket, and read from it what the driver tells its client.

Dataproc writes the output of a job's driver to objects ``<driver_output_resource_uri>.000000000``, ``.000000001``, ... of
the cluster's staging bucket; the last of them may still grow.
Source: cloud.google.com/dataproc/docs/guides/dataproc-job-output.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from workloads.cluster_driver import MARK
from workloads.errors import NotFound, WorkloadError
from workloads.storage import Store, open_store


class DriverLog:
    """The output of one driver, copied to a file; the lines meant for the client are kept out of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: dict[str, int] = {}  # bytes of each object that are in the file already
        self._unread: str | None = None  # why the latest look at the bucket failed
        self._rest = b""  # a last line without its end
        self.progress: tuple[int, int, str] = (0, 0, "")
        self.exit_code: int | None = None
        self.time_limit_s: float | None = None  # told when it was reached
        path.touch()

    def follow(self, uri: str) -> None:
        """Append what has come since the last time; what cannot be read now is read the next time."""
        folder, _, name = uri.rpartition("/")
        if not folder:
            return  # the job has not begun
        try:
            self._append(open_store(folder), name)
        except WorkloadError as error:
            if not isinstance(error, NotFound):
                self._unread = f"(not all of the output could be read from {uri}: {error})"
        else:
            self._unread = None

    def _append(self, store: Store, name: str) -> None:
        chunks = [entry for entry in store.list() if entry.name.startswith(f"{name}.")]
        with self._path.open("ab") as file:
            for chunk in chunks:  # in order: their numbers have nine digits
                taken = self._taken.get(chunk.name, 0)
                if chunk.size_bytes > taken:
                    data = store.read(chunk.name)[taken:]
                    self._taken[chunk.name] = taken + len(data)
                    file.writelines(self._lines(data))

    def close(self) -> None:
        """Write a last line that has no end."""
        with self._path.open("ab") as file:
            file.writelines(self._lines(b"\n" if self._rest else b""))
            if self._unread:
                file.writelines(self._lines(f"{self._unread}\n".encode()))

    def _lines(self, data: bytes) -> list[bytes]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        kept = []
        for line in whole:
            text = line.decode(errors="replace")
            if text.startswith(MARK):
                self._heed(text.removeprefix(MARK))
            else:
                kept.append(line + b"\n")
        return kept

    def _heed(self, text: str) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # a script of the user's printed our mark
            told: dict[str, Any] = json.loads(text)
            if "progress" in told:
                p = told["progress"]
                self.progress = (int(p["done"]), int(p["total"]), str(p["unit"]))
            if "exit" in told:
                self.exit_code = int(told["exit"])
            if "time_limit_s" in told:
                self.time_limit_s = float(told["time_limit_s"])
