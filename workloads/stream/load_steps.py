"""The load of a stream: it steps up from rate to rate, each with its arrivals and a row of measurements."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workloads.contract import Measurements
from workloads.errors import WorkloadError
from workloads.latency import due_times, percentiles, rising
from workloads.progress import Progress
from workloads.storage import GS
from workloads.stream import query as queries
from workloads.stream.batches import Ledger, Work
from workloads.stream.config import StreamConfig
from workloads.stream.feeder import Feeder

POLL_S = 0.25
WARM_UP = 2  # images
WARM_UP_S = 300.0  # that they may take
DRAIN_GOALS = 6.0  # latency goals that a backlog may take to drain before the job gives up


@dataclass
class StreamRun:
    """What the steps of one job share."""

    config: StreamConfig
    work: Work
    feeder: Feeder
    journal_uri: str
    start_query: Any
    query: Any
    progress: Progress
    ledger: Ledger  # for a look while the stream runs; a batch that is done again says the same but for its time
    restarts: int = 0


def rates(config: StreamConfig) -> Iterator[float]:
    return rising(config.first_rate_s, config.rate_factor, config.max_steps)


def step_up(run: StreamRun, measurements: Measurements) -> float | None:
    """Restart at the first rate, then step the load up; returns the highest rate that was sustained, images/s."""
    config = run.config
    for step in range(config.restarts):
        _step(run, step, config.first_rate_s, measurements, restart=True)
    best: float | None = None
    for step, rate in enumerate(rates(config), start=config.restarts):
        if not _step(run, step, rate, measurements):
            break
        best = rate
    return best


def warm_up(run: StreamRun) -> None:
    """A few arrivals before any is timed: the first micro-batch of a Spark session takes many times as long as the next ones."""
    first = run.feeder.first
    run.feeder.feed(-1, [0.0] * WARM_UP, threading.Event())
    mine = {name for name in run.feeder.due_at if int(name.partition("/")[0]) >= first}
    drain(run, mine, "the warm-up", patience_s=WARM_UP_S)


def _step(run: StreamRun, step: int, rate_s: float, measurements: Measurements, restart: bool = False) -> bool:
    """One row: images arrive at a rate for a while, until all of them are processed. Whether the rate was sustained.

    With ``restart`` the query is started anew in the midst of it, which tells nothing of the rate: nothing may be lost.
    """
    config, feeder = run.config, run.feeder
    due_s = due_times(rate_s, config.step_s, config.arrivals, config.seed + step)
    first, started_at = feeder.first, time.time()
    with _feeding(run, step, due_s) as fed:
        if restart:
            fed.wait(config.step_s / 2)
            queries.stop(run.query)
            run.query = run.start_query()
            run.restarts += 1
        while not fed.wait(POLL_S):
            queries.check(run.query)
            run.progress.set(len(run.ledger.rows()))
    fed_at = time.time()
    mine = {name for name in feeder.due_at if int(name.partition("/")[0]) >= first}
    rows = drain(run, mine, f"the arrivals at {rate_s:g} images/s")
    done_at = max(row["done_at"] for row in rows)
    latency = percentiles([row["done_at"] - row["due_at"] for row in rows])
    late = sum(row["done_at"] > fed_at + config.latency_goal_s for row in rows)
    sustained = latency.p95_s <= config.latency_goal_s and not late
    measurements.add(
        operation="stream",
        format="image",
        source="bucket" if config.output_uri.startswith(GS) else "folder",
        started_at=started_at,
        duration_s=done_at - started_at,
        images=sum(row["why"] is None for row in rows),
        images_rejected=sum(row["why"] is not None for row in rows),
        bytes_read=sum(row["bytes_read"] for row in rows),
        offered_rate_s=rate_s,
        achieved_rate_s=len(rows) / (done_at - started_at),
        latency_p50_s=latency.p50_s,
        latency_p95_s=latency.p95_s,
        latency_p99_s=latency.p99_s,
        **({} if restart else {"sustained": sustained}),
    )
    return sustained


@contextmanager
def _feeding(run: StreamRun, step: int, due_s: list[float]) -> Iterator[threading.Event]:
    """Feed within; the event tells that everything has arrived."""
    fed, halt = threading.Event(), threading.Event()
    failures: list[Exception] = []

    def feed() -> None:
        try:
            run.feeder.feed(step, due_s, halt)
        except Exception as error:
            failures.append(error)
        finally:
            fed.set()

    thread = threading.Thread(target=feed, name="feeder", daemon=True)
    thread.start()
    try:
        yield fed
    finally:
        if sys.exc_info()[0] is not None:
            halt.set()
        thread.join()
    if failures:
        raise failures[0]


def drain(run: StreamRun, names: set[str], what: str, patience_s: float = 0.0) -> list[dict[str, Any]]:
    """Wait until these arrivals are processed; returns their accounts."""
    allowed_s = DRAIN_GOALS * run.config.latency_goal_s + run.config.step_s
    deadline = time.monotonic() + max(allowed_s, patience_s)
    while True:
        queries.check(run.query)
        done = run.ledger.rows()
        rows = [row for row in done if row["name"] in names]
        run.progress.set(len(done))
        if len(rows) >= len(names):
            return rows
        if time.monotonic() > deadline:
            raise WorkloadError(
                f"{len(names) - len(rows)} of {len(names)} images were not processed in time ({what}); the cluster may be "
                "far too small for this rate: lower first_rate_s or rate_factor, or raise latency_goal_s"
            )
        time.sleep(POLL_S)
