"""Two ways to spread a grid of measurements over a cluster and to average them, parameter by parameter.

``naive`` is the study's first form: the grid is handed to Spark as it is, which splits it by count and not by work, and
every action (the rows, then one average per parameter) goes back to the beginning and measures everything anew.
``optimised`` is its second: partitions that are as many as the cluster has cores and hold the same number of images
each, readers sent once to each executor, one pass over a partition, and results that are cached for all actions.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark import SparkContext, StorageLevel

from workloads.grid import Point
from workloads.read_speed.caches import check_network
from workloads.read_speed.counters import network_received_bytes
from workloads.read_speed.readers import ImageReader, TFRecordReader
from workloads.storage import GS

Readers = Mapping[str, ImageReader | TFRecordReader]
Means = dict[str, list[float]]  # images/s, in the order of the parameter's values


@dataclass(frozen=True)
class Unit:
    """One measurement to be made: a point of the grid, in one repetition."""

    point: Point
    repetition: int


@dataclass(frozen=True)
class MeasuredUnit:
    """A unit that was measured, and its accounts."""

    unit: Unit
    node: str
    started_at: float
    duration_s: float
    images: int
    distinct: int
    bytes: int
    network_bytes: int | None
    rejected: tuple[tuple[str, str], ...]

    @property
    def images_per_s(self) -> float:
        return self.images / self.duration_s

    @property
    def parameters(self) -> dict[str, int]:
        """What the study averaged over."""
        point = self.unit.point
        return {
            "batch_size": point.batch_size,
            "batch_count": point.batch_count,
            "repetition": self.unit.repetition,
            "images": point.images,
        }


PARAMETERS = ("batch_size", "batch_count", "repetition", "images")
PASSES = {"naive": 1 + len(PARAMETERS), "optimised": 1}  # how often the whole grid is read
Done = Callable[[int], None]


def measure(unit: Unit, readers: Readers, done: Done) -> MeasuredUnit:
    """Read the images of one point; runs on any node."""
    point, reader = unit.point, readers[unit.point.format]
    received, started_at, start = network_received_bytes(), time.time(), time.perf_counter()
    read = reader.read(point.batch_size, point.batch_count)
    duration_s = time.perf_counter() - start
    remote = reader.store.uri.startswith(GS)
    delivered = check_network(read, received, f"{point}") if remote else None
    done(point.images)
    return MeasuredUnit(
        unit=unit,
        node=os.environ.get("SPARK_LOCAL_IP") or socket.gethostname(),
        started_at=started_at,
        duration_s=duration_s,
        images=read.images,
        distinct=len(read.sizes),
        bytes=read.bytes,
        network_bytes=delivered,
        rejected=tuple(read.rejected),
    )


def naive(
    context: SparkContext, units: Sequence[Unit], readers: Readers, partitions: int, done: Done
) -> tuple[list[MeasuredUnit], Means]:
    """As the study did it at first; ``partitions`` is left to Spark."""
    measured = context.parallelize(units).map(lambda unit: measure(unit, readers, done))
    return measured.collect(), means(measured)


def optimised(
    context: SparkContext, units: Sequence[Unit], readers: Readers, partitions: int, done: Done
) -> tuple[list[MeasuredUnit], Means]:
    """With explicit partitions, broadcast readers and cached results."""
    sent = context.broadcast(readers)

    def partition(dealt: Iterable[list[Unit]]) -> Iterator[MeasuredUnit]:
        mine = sent.value
        for units in dealt:
            for unit in units:
                yield measure(unit, mine, done)

    dealt = deal(units, partitions)
    measured = context.parallelize(dealt, len(dealt)).mapPartitions(partition).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        return measured.collect(), means(measured)
    finally:
        measured.unpersist()
        sent.unpersist()


def deal(units: Sequence[Unit], partitions: int) -> list[list[Unit]]:
    """Units in partitions of about the same number of images: the largest first, each to the least loaded."""
    dealt: list[list[Unit]] = [[] for _ in range(min(partitions, len(units)))]
    load = [0] * len(dealt)
    for unit in sorted(units, key=lambda unit: -unit.point.images):
        least = load.index(min(load))
        dealt[least].append(unit)
        load[least] += unit.point.images
    return dealt


def means(measured: Any) -> Means:
    """Mean images/s for each value of each parameter and format: one Spark action per parameter, as in the study."""
    found: Means = {}
    for parameter in PARAMETERS:
        pairs = measured.map(
            lambda one, name=parameter: ((one.unit.point.format, one.parameters[name]), (one.images_per_s, 1))
        )
        sums = pairs.reduceByKey(lambda a, b: (a[0] + b[0], a[1] + b[1])).collect()
        for (form, _), (total, count) in sorted(sums):
            found.setdefault(f"{form} mean images/s by {parameter}", []).append(total / count)
    return found


VARIANTS = {"naive": naive, "optimised": optimised}
