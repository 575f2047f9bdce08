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
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from workloads.contract import Accounts, Measurements, run_job
from workloads.dataset import in_order, list_dataset
from workloads.errors import ConfigError, NotFound, WorkloadError
from workloads.progress import Progress
from workloads.record import Fact, Rejected
from workloads.spark import spark_context
from workloads.storage import GS, Store, map_bounded, open_store
from workloads.stream import query as queries
from workloads.stream.batches import RESULTS, SHARDS, Ledger, Work, committed
from workloads.stream.config import StreamConfig
from workloads.stream.feeder import Feeder, journaled
from workloads.stream.load_steps import WARM_UP_S, StreamRun, drain, rates, step_up, warm_up

NAME = "stream"
ARRIVALS = "arrivals"


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
    with spark_context(NAME) as context:
        from pyspark.sql import SparkSession

        spark = SparkSession(context)
        partitions = config.partitions or context.defaultParallelism
        url = journal_uri if journal_uri.startswith(GS) else Path(journal_uri).absolute().as_uri()
        check_url = checkpoint_uri if checkpoint_uri.startswith(GS) else Path(checkpoint_uri).absolute().as_uri()

        def start_query() -> Any:
            return queries.start(spark, url, check_url, work, partitions, config.trigger_s)

        planned = [config.first_rate_s] * config.restarts + list(rates(config))
        progress = Progress(len(before) + sum(round(rate * config.step_s) for rate in planned))
        run = StreamRun(config, work, feeder, journal_uri, start_query, start_query(), progress, Ledger(place))
        try:
            if before:
                drain(run, {str(row["name"]) for row in before}, "what a killed job had left", patience_s=WARM_UP_S)
            warm_up(run)
            prepared_at = time.time()
            sustained = step_up(run, measurements)
        finally:
            queries.stop(run.query)
    accounts = _account_for(run, journal, sustained, len(before), prepared_at)
    for uri in (work.arrivals_uri, journal_uri, checkpoint_uri):
        open_store(uri).delete_all()
    if not journal_uri.startswith(GS):
        with suppress(OSError):  # somebody else's files may lie beside ours
            Path(journal_uri).parent.rmdir()
    return accounts


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


def _account_for(run: StreamRun, journal: Store, sustained: float | None, before: int, prepared_at: float) -> Accounts:
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
    return run_job(NAME, StreamConfig, stream, arguments)


if __name__ == "__main__":
    sys.exit(main())
