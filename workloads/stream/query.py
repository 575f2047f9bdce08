"""The streaming query: Spark's file source over the journal, one micro-batch after the other, with a checkpoint."""

from __future__ import annotations

from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from workloads.errors import WorkloadError
from workloads.stream.batches import Arrived, Work, commit, process

SCHEMA = "name STRING, step INT, due_at DOUBLE"


def start(session: SparkSession, journal: str, checkpoint: str, work: Work, partitions: int, trigger_s: float) -> Any:
    """Start the query, or start it again from where its checkpoint says it was."""
    arrived = session.readStream.schema(SCHEMA).format("json").load(journal)

    def handle(frame: Any, batch: int) -> None:
        rows = [Arrived(row.name, row.step, row.due_at) for row in frame.select("name", "step", "due_at").collect()]
        if not rows:
            return
        slices = min(partitions, len(rows))
        tasks = session.sparkContext.parallelize([rows[i::slices] for i in range(slices)], slices)
        accounts = tasks.mapPartitionsWithIndex(
            lambda index, parts: process(work, batch, index, (row for part in parts for row in part))
        ).collect()
        commit(work, batch, accounts)

    writer = arrived.writeStream.foreachBatch(handle).option("checkpointLocation", checkpoint)
    return writer.trigger(processingTime=f"{round(trigger_s * 1000)} milliseconds").start()


def stop(query: Any) -> None:
    """Stop the query. A batch that it is in the midst of is done again after a restart."""
    query.stop()
    check(query, stopped=True)


def check(query: Any, *, stopped: bool = False) -> None:
    """Raises WorkloadError where the query has failed by itself."""
    try:
        error = query.exception()
    except Py4JJavaError as failure:
        raise WorkloadError(f"the streaming query cannot be asked how it is: {failure}") from failure
    if error is not None and not stopped:
        raise WorkloadError(f"the streaming query failed: {_short(error)}")
    if error is None and not stopped and not query.isActive:
        raise WorkloadError("the streaming query ended by itself")


def _short(error: StreamingQueryException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("workloads.", "Caused by"))]
    return (told or lines or ["no reason given"])[-1][:500]
