"""Processes that read every batch together, each on a core of its own.

Threads of one process would share Python's lock: on two cores they decode TFRecords at two thirds of what two processes
do. The processes are forked before the job opens its first connection, and meet after every batch.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from threading import BrokenBarrierError
from typing import Any, NamedTuple

from workloads.errors import WorkloadError
from workloads.processes import end_with
from workloads.read_speed import counters
from workloads.read_speed.readers import ImageReader, Read, TFRecordReader

Reader = ImageReader | TFRecordReader
_fork = get_context("fork")


class Answer(NamedTuple):
    """What a process went through, or all of them."""

    read: Read
    disk_bytes: int | None  # that the disk delivered meanwhile; None: not counted here
    began: float  # s, of the clock that all processes of a machine share
    ended: float


class Crew:
    """``size`` processes; see the module."""

    def __init__(self, size: int) -> None:
        self._barriers = {parts: _fork.Barrier(parts) for parts in range(1, size + 1)}
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        self._parts: dict[Hashable, int] = {}
        for _ in range(size):
            ours, theirs = _fork.Pipe()
            process = _fork.Process(target=_work, args=(theirs, self._barriers, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def open(self, key: Hashable, reader: Reader) -> None:
        """Hand out a reader, one part for each process, under a key."""
        parts = reader.split(len(self._pipes))
        self._parts[key] = len(parts)
        for pipe, part in zip(self._pipes, parts, strict=False):
            pipe.send((key, part))

    def read(self, key: Hashable, batch_size: int, batch_count: int) -> Answer:
        """Read the batches together, from the first process's start to the last one's end.

        Raises:
            WorkloadError: what one of the processes raised, or that it was killed.
        """
        pipes = self._pipes[: self._parts[key]]
        try:
            for pipe in pipes:
                pipe.send((key, (batch_size, batch_count)))
            answers = list(_answers(pipes))
        except (EOFError, OSError) as error:
            raise WorkloadError("a reader process was killed; is there memory enough for it?") from error
        total = Read()
        for answer in answers:
            total.merge(answer.read)
        counts = [answer.disk_bytes for answer in answers if answer.disk_bytes is not None]
        return Answer(
            read=total,
            disk_bytes=sum(counts) if len(counts) == len(answers) else None,
            began=min(answer.began for answer in answers),
            ended=max(answer.ended for answer in answers),
        )

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for pipe in self._pipes:
            pipe.close()


@contextmanager
def crew_of(size: int) -> Iterator[Crew]:
    """A crew for the length of a block."""
    crew = Crew(size)
    try:
        yield crew
    finally:
        crew.close()


def _answers(pipes: list[Connection]) -> Iterator[Answer]:
    """One answer of each process, as they come; an error of one of them is raised at once."""
    waiting = list(pipes)
    while waiting:
        for pipe in wait(waiting):
            assert isinstance(pipe, Connection)
            waiting.remove(pipe)
            answer = pipe.recv()
            if isinstance(answer, WorkloadError):
                raise answer
            if answer is not None:
                yield answer


def _work(pipe: Connection, barriers: dict[int, Any], parent: int) -> None:
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told as well, and ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    readers: dict[Hashable, Reader] = {}
    while True:
        try:
            key, order = pipe.recv()
        except EOFError:
            return
        if isinstance(order, ImageReader | TFRecordReader):
            readers[key] = order
            continue
        batch_size, batch_count = order
        pipe.send(_answer(readers[key], batch_size, batch_count, barriers[readers[key].parts]))


def _answer(reader: Reader, batch_size: int, batch_count: int, barrier: Any) -> Answer | WorkloadError | None:
    """None: it gave up because another process had an error, which that one tells."""
    before, began = counters.disk_read_bytes(), time.monotonic()
    try:
        read = reader.read(batch_size, batch_count, barrier.wait)
    except BrokenBarrierError:
        return None
    except Exception as error:
        barrier.abort()
        return error if isinstance(error, WorkloadError) else WorkloadError(f"{type(error).__name__}: {error}")
    ended, after = time.monotonic(), counters.disk_read_bytes()
    return Answer(read, None if before is None or after is None else after - before, began, ended)
