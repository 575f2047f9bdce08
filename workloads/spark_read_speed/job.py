"""Measure how fast a cluster reads images: the grid of ``read_speed``, its points spread over the executors.

A row is one measurement, made by one task on one core; the row of operation ``grid`` is the whole of it, from the first
action to the last: the cluster's own throughput, and what the study gave as its time.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence

from pyspark import SparkContext

from workloads.contract import Accounts, Measurements, run_job
from workloads.errors import WorkloadError
from workloads.read_speed.sources import open_images, open_tfrecords
from workloads.record import Rejected
from workloads.spark import counted, spark_context
from workloads.spark_read_speed.config import SparkReadSpeedConfig
from workloads.spark_read_speed.variants import PASSES, VARIANTS, MeasuredUnit, Readers, Unit
from workloads.storage import GS

NAME = "spark_read_speed"


def spark_read_speed(config: SparkReadSpeedConfig, measurements: Measurements) -> Accounts:
    """Measure the throughput of reading images on a Spark cluster, from image files and from TFRecords."""
    notes: list[str] = []
    readers: Readers = {
        form: open_images(config, config.fetch_threads, notes) if form == "image" else open_tfrecords(config, notes)
        for form in config.formats
    }
    units = [Unit(point, repetition) for repetition in range(config.repetitions) for point in config.points]
    random.Random(config.seed).shuffle(units)
    asked = sum(unit.point.images for unit in units)
    passes = PASSES[config.variant]
    with spark_context(NAME) as context:
        partitions = config.partitions or context.defaultParallelism
        if config.warm_up:
            _warm_up(context, readers, min(config.batch_sizes))
        prepared_at, start = time.time(), time.perf_counter()
        with counted(context, passes * asked) as done:
            rows, means = VARIANTS[config.variant](context, units, readers, partitions, done.add)
        duration_s = time.perf_counter() - start
        read_in_all = done.value
    _check(units, rows)
    place = "bucket" if config.images_uri.startswith(GS) else "folder"
    for row in sorted(rows, key=lambda row: row.started_at):
        _add(measurements, row, place)
    measurements.add(
        operation="grid",
        source=place,
        cache="unknown",
        started_at=prepared_at,
        duration_s=duration_s,
        images=sum(row.images for row in rows),
        images_rejected=sum(len(row.rejected) for row in rows),
        bytes_read=sum(row.bytes for row in rows),
        bytes_written=0,
    )
    rejected = {f"{row.unit.point.format}:{name}": why for row in rows for name, why in row.rejected}
    seen = sum(
        max((row.distinct for row in rows if row.unit.point.format == form), default=0) for form in config.formats
    )
    notes.append("accounts are of distinct images, however often each was read; rows count every read")
    notes.append(f"{config.variant}: the grid was read {passes} time(s); rows are of the first")
    return Accounts(
        items_in=seen,
        items_out=seen - len(rejected),
        rejected=[Rejected(name=name, reason=why) for name, why in sorted(rejected.items())],
        bytes_read=sum(row.bytes for row in rows),
        bytes_written=0,
        notes=list(dict.fromkeys(notes)),
        facts={
            "variant": config.variant,
            "partitions": partitions,
            "passes": passes,
            "images_read_in_all": read_in_all,
            "nodes": sorted({row.node for row in rows}),
            **means,
        },
        prepared_at=prepared_at,
    )


def _warm_up(context: SparkContext, readers: Readers, images: int) -> None:
    """Start the Python workers and open their connections: one batch on every core, in no account."""

    def read(_: object) -> Iterator[int]:
        for reader in readers.values():
            yield reader.read(images, 1).images

    with counted(context, 0):
        context.parallelize(range(context.defaultParallelism), context.defaultParallelism).mapPartitions(read).count()


def _check(units: Sequence[Unit], rows: Sequence[MeasuredUnit]) -> None:
    """Every unit was measured once, and read every image it was to read.

    Raises:
        WorkloadError: not so.
    """
    if len(rows) != len(units) or {row.unit for row in rows} != set(units):
        raise WorkloadError(f"{len(units)} measurements were to be made, and {len(rows)} came back")
    for row in rows:
        if row.images + len(row.rejected) != row.unit.point.images:
            raise WorkloadError(f"{row.unit}: {row.images} images read, {len(row.rejected)} rejected")


def _add(measurements: Measurements, row: MeasuredUnit, place: str) -> None:
    point = row.unit.point
    measurements.add(
        operation="read",
        format=point.format,
        source=place,
        cache="unknown",
        batch_size=point.batch_size,
        batch_count=point.batch_count,
        repetition=row.unit.repetition,
        started_at=row.started_at,
        duration_s=row.duration_s,
        images=row.images,
        images_rejected=len(row.rejected),
        bytes_read=row.bytes,
        bytes_written=0,
        device_bytes=row.network_bytes,
        node=row.node,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(NAME, SparkReadSpeedConfig, spark_read_speed, arguments)


if __name__ == "__main__":
    sys.exit(main())
