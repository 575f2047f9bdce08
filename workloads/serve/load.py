"""An open-loop load on a function, and the latencies it answered with."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """One step of load. Times are seconds."""

    started_at: float  # unix
    duration_s: float = 0.0  # from the beginning to the last answer
    latencies_s: list[float] = field(default_factory=list)  # from due to answered, of each request sent
    offered: int = 0  # requests sent; fewer than planned where the backlog made it pointless to go on
    planned: int = 0

    @property
    def cut_off(self) -> bool:
        return self.offered < self.planned


def offer(due_s: Sequence[float], answer: Callable[[int], object], *, concurrency: int, backlog_s: float) -> Load:
    """Send request k when it is due, to ``concurrency`` threads that call ``answer(k)``; returns when all are answered.

    Args:
        due_s: when each request is due, seconds from now, ascending.
        backlog_s: once a request waits so long, no more are sent: the rate cannot be kept up.
    """
    load = Load(time.time(), planned=len(due_s))
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    start = time.perf_counter()
    answered: list[float] = [0.0] * len(due_s)
    overdue = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        while (request := waiting.get()) is not None:
            if time.perf_counter() - start - due_s[request] > backlog_s:
                overdue.set()
            try:
                answer(request)
            except BaseException as error:
                failures.append(error)
                overdue.set()
                return
            answered[request] = time.perf_counter() - start

    threads = [threading.Thread(target=work, name=f"serve-{index}", daemon=True) for index in range(concurrency)]
    for thread in threads:
        thread.start()
    for request, due in enumerate(due_s):
        if (early_s := due - (time.perf_counter() - start)) > 0:
            time.sleep(early_s)
        if overdue.is_set():
            break
        waiting.put(request)
        load.offered += 1
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    load.duration_s = time.perf_counter() - start
    load.latencies_s = [answered[request] - due_s[request] for request in range(load.offered)]
    return load
