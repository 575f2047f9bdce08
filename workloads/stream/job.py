"""Images arrive in the bucket at a rate that steps up, and Spark Structured Streaming keeps up with them, or does not.

Spark's file source cannot read a bucket behind an emulator, so it reads the journal of arrivals (:mod:`feeder`) from a
folder that all nodes share, and its tasks read the images from the bucket. Where Spark reads gs:// itself, as on Dataproc,
the journal lies in the bucket too.

A killed job goes on from the checkpoint of its query when it is started again with the same output_uri: what had arrived
and was not processed is processed first. A finished job removes arrivals, journal and checkpoint.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.contract import Accounts, Measurements, run_job
from workloads.dataset import in_order, list_dataset
from workloads.errors import ConfigError, NotFound, WorkloadError
from workloads.latency import due_times, percentiles, rising
from workloads.progress import Progress
from workloads.record import Fact, Rejected
from workloads.spark import spark_context
from workloads.storage import GS, Store, map_bounded, open_store
from workloads.stream import query as queries
from workloads.stream.batches import RESULTS, SHARDS, Ledger, Work, committed
from workloads.stream.config import StreamConfig
from workloads.stream.feeder import Feeder, journaled

WORKLOAD = "stream"
ARRIVALS = "arrivals"
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


def stream(config: StreamConfig, measurements: Measurements) -> Accounts:
    """Measure throughput and end-to-end latency of a stream of images, and the rate that is sustained."""
    dataset = list_dataset(config.images_uri)
    names = [image.name for image in in_order(dataset.images, config.seed)][: config.images]
    source = open_store(config.images_uri)
    pictures = list(zip(names, map_bounded(source.read, names, threads=config.upload_threads), strict=True))
    place = config.output_uri.rstrip("/")
    work = Work(f"{place}/{ARRIVALS}", place, dataset.labels, config.image_size, config.jpeg_quality)
    journal_uri, checkpoint_uri = state_folders(config)
    journal = open_store(journal_uri)
    before = _earlier(journal)
    if not before:  # nothing to go on from: results of an earlier, finished job would be counted again
        for name in (ARRIVALS, RESULTS, SHARDS):
            open_store(f"{place}/{name}").delete_all()
        open_store(checkpoint_uri).delete_all()
        journal.write("begun", b"")  # Spark refuses a folder that is not there
    feeder = Feeder(open_store(work.arrivals_uri), journal, pictures, config.upload_threads, first=len(before))
    with spark_context(WORKLOAD) as context:
        from pyspark.sql import SparkSession

        spark = SparkSession(context)
        partitions = config.partitions or context.defaultParallelism
        url = journal_uri if journal_uri.startswith(GS) else Path(journal_uri).absolute().as_uri()
        check_url = checkpoint_uri if checkpoint_uri.startswith(GS) else Path(checkpoint_uri).absolute().as_uri()

        def start_query() -> Any:
            return queries.start(spark, url, check_url, work, partitions, config.trigger_s)

        rates = [config.first_rate_s] * config.restarts + list(_rates(config))
        progress = Progress(len(before) + sum(round(rate * config.step_s) for rate in rates))
        run = StreamRun(config, work, feeder, journal_uri, start_query, start_query(), progress, Ledger(place))
        try:
            if before:
                _drain(run, {str(row["name"]) for row in before}, "what a killed job had left", patience_s=WARM_UP_S)
            _warm_up(run)
            prepared_at = time.time()
            sustained = _steps(run, measurements)
        finally:
            queries.stop(run.query)
    outcome = _outcome(run, journal, sustained, len(before), prepared_at)
    for uri in (work.arrivals_uri, journal_uri, checkpoint_uri):
        open_store(uri).delete_all()
    if not journal_uri.startswith(GS):
        with suppress(OSError):  # somebody else's files may lie beside ours
            Path(journal_uri).parent.rmdir()
    return outcome


def state_folders(config: StreamConfig) -> tuple[str, str]:
    """Where the journal and the checkpoint lie: in the bucket where Spark can read it, else on a disk that nodes share."""
    place = config.output_uri.rstrip("/")
    if config.journal_uri is not None:
        root = config.journal_uri.rstrip("/")
    elif place.startswith(GS) and "STORAGE_EMULATOR_HOST" not in os.environ:
        root = f"{place}/state"
    else:
        own = hashlib.sha256(place.encode()).hexdigest()[:12]
        root = str(Path(os.environ.get("BAKEOFF_NODE_DISK") or tempfile.gettempdir()) / f"stream-{own}")
    if root.startswith(GS) and "STORAGE_EMULATOR_HOST" in os.environ:
        raise ConfigError(
            f"journal_uri must be a folder, since Spark cannot read an emulated bucket; received {root!r}"
        )
    return f"{root}/journal", f"{root}/checkpoint"


def _earlier(journal: Store) -> list[dict[str, object]]:
    try:
        return journaled(journal)
    except NotFound:
        return []


def _rates(config: StreamConfig) -> Iterator[float]:
    return rising(config.first_rate_s, config.rate_factor, config.max_steps)


def _steps(run: StreamRun, measurements: Measurements) -> float | None:
    """Restart at the first rate, then step the load up; returns the highest rate that was sustained, images/s."""
    config = run.config
    for step in range(config.restarts):
        _step(run, step, config.first_rate_s, measurements, restart=True)
    best: float | None = None
    for step, rate in enumerate(_rates(config), start=config.restarts):
        if not _step(run, step, rate, measurements):
            break
        best = rate
    return best


def _warm_up(run: StreamRun) -> None:
    """A few arrivals before any is timed: the first micro-batch of a Spark session takes many times as long as the next ones."""
    first = run.feeder.first
    run.feeder.feed(-1, [0.0] * WARM_UP, threading.Event())
    mine = {name for name in run.feeder.due_at if int(name.partition("/")[0]) >= first}
    _drain(run, mine, "the warm-up", patience_s=WARM_UP_S)


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
    rows = _drain(run, mine, f"the arrivals at {rate_s:g} images/s")
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


def _drain(run: StreamRun, names: set[str], what: str, patience_s: float = 0.0) -> list[dict[str, Any]]:
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


def _outcome(run: StreamRun, journal: Store, sustained: float | None, before: int, prepared_at: float) -> Accounts:
    """Hold what has arrived against what was processed: nothing lost, nothing doubled.

    Raises:
        WorkloadError: an arrival is missing from the results, or in them more than once.
    """
    arrived = [str(row["name"]) for row in journaled(journal)]
    rows = committed(run.work.output_uri)
    counts = Counter(row["name"] for row in rows)
    lost, doubled = sorted(set(arrived) - set(counts)), sorted(name for name, count in counts.items() if count > 1)
    if lost or doubled or len(counts) != len(set(arrived)):
        raise WorkloadError(
            f"{len(arrived)} images arrived, {len(rows)} were processed: {len(lost)} lost {lost[:3]}, "
            f"{len(doubled)} doubled {doubled[:3]}"
        )
    facts: dict[str, Fact] = {
        "sustained_rate_s": sustained,
        "latency_goal_s": run.config.latency_goal_s,
        "restarts": run.restarts,
        "resumed_with": before or None,
        "batches": len({row["batch"] for row in rows}),
    }
    notes = [f"journal and checkpoint: {run.journal_uri.rpartition('/')[0]}"]
    if before:
        notes.append(f"went on from the checkpoint of a killed job, after {before} arrivals")
    if sustained is None:
        notes.append(f"not even the first rate, {run.config.first_rate_s:g} images/s, was sustained")
    return Accounts(
        items_in=len(arrived),
        items_out=sum(row["why"] is None for row in rows),
        rejected=[Rejected(name=row["name"], reason=row["why"]) for row in rows if row["why"] is not None],
        bytes_read=sum(row["bytes_read"] for row in rows),
        notes=notes,
        facts=facts,
        prepared_at=prepared_at,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(WORKLOAD, StreamConfig, stream, arguments)


if __name__ == "__main__":
    sys.exit(main())
