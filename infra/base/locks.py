"""Host-wide locks that leave nothing behind.

A lock is a Unix socket bound in Linux' abstract namespace: it exists as long as its process and vanishes with it,
also after ``kill -9``, and it is no file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import socket
import threading
import time
from collections.abc import Iterator

from infra.base.errors import BakeoffError
from infra.base.progress import Progress, Silent

POLL_S = 0.2

_mine: set[tuple[str, int]] = set()  # names that this process holds, and the thread that does


@contextlib.contextmanager
def host_lock(name: str, timeout_s: float = 3600, progress: Progress | None = None) -> Iterator[None]:
    """Hold ``name`` alone on this host; waits for another holder up to ``timeout_s``.

    Raises:
        BakeoffError: another process held it all that time.
        RuntimeError: this very thread holds it, and would wait for itself.
    """
    held = (name, threading.get_ident())
    if held in _mine:
        raise RuntimeError(f"'{name}' is held by this thread already: a host lock is not taken twice")
    progress = progress or Silent()
    deadline = time.monotonic() + timeout_s
    waiting = False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as holder:
        while True:
            try:
                holder.bind(b"\0bakeoff-" + hashlib.sha256(name.encode()).hexdigest().encode())  # 107 bytes at most
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                if time.monotonic() > deadline:
                    raise BakeoffError(
                        f"Another bakeoff on this host has held '{name}' for more than {timeout_s:.0f} s: "
                        "wait for it to end, then run this again."
                    ) from error
                if not waiting:
                    progress.stage(f"waiting for another bakeoff on this host ({name})")
                    waiting = True
                progress.advance(0, 0, "")  # an interrupt is heard there
                time.sleep(POLL_S)
        _mine.add(held)
        try:
            yield
        finally:
            _mine.discard(held)
