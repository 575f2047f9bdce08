"""Bare processes, one per core, that all do a function's work at the same time: the references without Spark."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

Item = TypeVar("Item")
CORES = os.cpu_count() or 1
_fork = get_context("fork")


@contextmanager
def team(work: Callable[[Sequence[Item]], int], items: Sequence[Item], processes: int = CORES) -> Iterator[Any]:
    """A function that lets each of ``processes`` do its share of ``items``, and returns the items done per second.

    The items are handed over by fork, before anything is timed; the clock runs from the first process's start to the last
    one's end, as that of ``read_speed`` does.
    """
    pipes, members = [], []
    for share in range(processes):
        ours, theirs = _fork.Pipe()
        member = _fork.Process(target=_member, args=(theirs, work, items[share::processes]), daemon=True)
        member.start()
        pipes.append(ours)
        members.append(member)

    def go() -> float:
        for pipe in pipes:
            pipe.send(None)
        done, began, ended = zip(*[pipe.recv() for pipe in pipes], strict=True)
        return float(sum(done) / (max(ended) - min(began)))

    try:
        yield go
    finally:
        for member in members:
            member.kill()
            member.join()


def _member(pipe: Any, work: Callable[[Sequence[Any]], int], items: Sequence[Any]) -> None:
    while True:
        pipe.recv()
        began = time.monotonic()
        pipe.send((work(items), began, time.monotonic()))
