"""Ctrl-C and SIGTERM end in the same way: teardown, then exit code 130."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from infra.base.errors import Interrupted
from infra.base.progress import Progress

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_here = threading.local()  # ``deaf``: how many times this thread is within ignored()


def raise_interrupted() -> None:
    """From now on each of the signals raises :class:`Interrupted` in the main thread."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise Interrupted(f"Stopped by {signal.Signals(number).name}.")

    for number in SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # under nohup
        signal.signal(number, handler)


@contextmanager
def ignored() -> Iterator[None]:
    """Within, the signals are put off until the end: a teardown is not itself interrupted. In a thread other than the main
    one, which no signal reaches, an :class:`Interruptible` keeps still."""
    if threading.current_thread() is not threading.main_thread():
        _here.deaf = getattr(_here, "deaf", 0) + 1
        try:
            yield
        finally:
            _here.deaf -= 1
        return
    pending: list[int] = []
    before = {n: signal.signal(n, lambda number, frame: pending.append(number)) for n in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if pending:
            signal.raise_signal(pending[0])


class Interruptible:
    """A progress through which work in threads learns that the main thread was interrupted: when it next says something,
    :class:`Interrupted` is raised in it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._why: str | None = None

    def interrupt(self, error: Interrupted) -> None:
        """From now on; the main thread has its own."""
        self._why = str(error)

    def stage(self, text: str) -> None:
        self._heed()
        self._progress.stage(text)

    def advance(self, done: int, total: int, unit: str) -> None:
        self._heed()
        self._progress.advance(done, total, unit)

    def note(self, text: str) -> None:
        self._heed()
        self._progress.note(text)

    def _heed(self) -> None:
        in_main = threading.current_thread() is threading.main_thread()
        if self._why is not None and not in_main and not getattr(_here, "deaf", 0):
            raise Interrupted(self._why)
