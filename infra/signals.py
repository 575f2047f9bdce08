"""Ctrl-C and SIGTERM end in the same way: teardown, then exit code 130."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from infra.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """Within, the signals are put off until the end: a teardown is not itself interrupted."""
    pending: list[int] = []
    before = {n: signal.signal(n, lambda number, frame: pending.append(number)) for n in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if pending:
            signal.raise_signal(pending[0])
