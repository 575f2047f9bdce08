"""Measure how fast images can be read, in images per second.

Each measurement reads ``batch_size x batch_count`` images from the beginning of the (shuffled) set, starting over when
it is exhausted. From image files, an image is fetched, decoded, resized and cropped; from TFRecords it is already
square: fetched, checked, parsed and decoded. One process per core takes part in every batch. The measurements of one
repetition are in random order, so that a drift of the machine does not look like an effect of the grid; before the
first one, everything has been read a little, untimed, so that it does not pay for connections and imports.

What a measurement says it read is held against the kernel's counters (:mod:`workloads.read_speed.caches`).
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from workloads.contract import Accounts, Measurements, run_job
from workloads.errors import WorkloadError
from workloads.grid import Format, Point
from workloads.progress import Progress
from workloads.read_speed import counters
from workloads.read_speed.caches import check_network, checked_cache, prepare_cache
from workloads.read_speed.config import ReadSpeedConfig, Source
from workloads.read_speed.crew import Crew, Reader, crew_of
from workloads.read_speed.sources import open_images, open_tfrecords
from workloads.read_speed.staging import stage, staging_area
from workloads.record import Rejected
from workloads.storage import GS

NAME = "read_speed"


@dataclass
class GridRun:
    """What the measurements of one job share."""

    config: ReadSpeedConfig
    measurements: Measurements
    crew: Crew
    readers: dict[tuple[Format, Source], Reader] = field(default_factory=dict)
    folders: dict[Format, Path] = field(default_factory=dict)  # staged copies
    seen: set[str] = field(default_factory=set)
    rejected: dict[str, str] = field(default_factory=dict)
    bytes_read: int = 0
    bytes_written: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def open(self, form: Format, source: Source, reader: Reader) -> None:
        self.readers[form, source] = reader
        self.crew.open((form, source), reader)


def read_speed(config: ReadSpeedConfig, measurements: Measurements) -> Accounts:
    """Measure the throughput of reading images, from image files and from TFRecords."""
    with ExitStack() as stack:
        run = GridRun(config, measurements, stack.enter_context(crew_of(config.readers)))
        for form in config.formats:
            if form == "image":
                run.open(form, "bucket", open_images(config, config.concurrency, run.notes))
            else:
                run.open(form, "bucket", open_tfrecords(config, run.notes))
        prepared_at = time.time()
        if "staged" in config.sources:
            area = stack.enter_context(staging_area(config.staging_folder))
            for form in config.formats:
                _stage(run, form, area / form)
        _warm_up(run)
        points: list[tuple[Point, Source, str | None]] = [
            (point, source, cache)
            for point in config.points
            for source in config.sources
            for cache in (config.caches if source == "staged" else [None])
        ]
        progress = Progress(config.repetitions * sum(point.images for point, _, _ in points))
        for repetition in range(config.repetitions):
            random.Random(f"{config.seed}/{repetition}").shuffle(points)
            for point, source, cache in points:
                _measure(run, point, source, cache, repetition)
                progress.add(point.images)
    run.note("accounts are of distinct images, however often each was read; rows count every read")
    return Accounts(
        items_in=len(run.seen),
        items_out=len(run.seen) - len(run.rejected),
        rejected=[Rejected(name=name, reason=why) for name, why in sorted(run.rejected.items())],
        bytes_read=run.bytes_read,
        bytes_written=run.bytes_written,
        notes=run.notes,
        facts={"processes": config.readers},
        prepared_at=prepared_at,
    )


def _stage(run: GridRun, form: Format, target: Path) -> None:
    """Copy the whole set to the node's disk, timed as operation ``stage``."""
    reader = run.readers[form, "bucket"]
    started_at, start = time.time(), time.perf_counter()
    folder, size = stage(reader.store, reader.files, target, run.config.concurrency)
    run.measurements.add(
        operation="stage",
        format=form,
        source=_place(reader),
        cache="unknown",
        started_at=started_at,
        duration_s=time.perf_counter() - start,
        images=len(reader.files) if form == "image" else None,
        bytes_read=size,
        bytes_written=size,
    )
    run.bytes_read += size
    run.bytes_written += size
    run.open(form, "staged", replace(reader, store=folder))
    run.folders[form] = target


def _warm_up(run: GridRun) -> None:
    """Read a few batches of everything, untimed."""
    config = run.config
    if not config.warm_up_batches:
        return
    for form in config.formats:
        for source in config.sources:
            run.crew.read((form, source), max(config.batch_sizes), config.warm_up_batches)
    run.note(f"warm-up: {config.warm_up_batches} batch(es) of each format and source, untimed, in no account")


def _measure(run: GridRun, point: Point, source: Source, cache: str | None, repetition: int) -> None:
    """One row: read the images of one point of the grid."""
    reader = run.readers[point.format, source]
    claim = "unknown"  # what the object store, or another reader of the folder, keeps in memory is not ours to say
    if source == "staged":
        claim = prepare_cache(cache or "", run.folders[point.format], reader, run.note)
    started_at, received = time.time(), counters.network_received_bytes()
    answer = run.crew.read((point.format, source), point.batch_size, point.batch_count)
    read = answer.read
    if read.images + len(read.rejected) != point.images:
        raise WorkloadError(
            f"{point}: {read.images} images read, {len(read.rejected)} rejected, {point.images} asked for"
        )
    if source == "staged":
        delivered = answer.disk_bytes
        claim = checked_cache(claim, read, delivered, f"{point}", run.note)
    else:
        delivered = check_network(read, received, f"{point}") if _place(reader) == "bucket" else None
    run.measurements.add(
        operation="read",
        format=point.format,
        source="staged" if source == "staged" else _place(reader),
        cache=claim,
        batch_size=point.batch_size,
        batch_count=point.batch_count,
        repetition=repetition,
        started_at=started_at,
        duration_s=answer.ended - answer.began,
        images=read.images,
        images_rejected=len(read.rejected),
        bytes_read=read.bytes,
        bytes_written=0,
        device_bytes=delivered,
    )
    run.bytes_read += read.bytes
    run.seen |= {f"{point.format}:{name}" for name in read.sizes}
    run.rejected |= {f"{point.format}:{name}": why for name, why in read.rejected}
    if len(read.sizes) < point.images:
        run.note(f"{point.format}: points of more than {len(read.sizes)} images start over at the first one")


def _place(reader: Reader) -> str:
    return "bucket" if reader.store.uri.startswith(GS) else "folder"


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(NAME, ReadSpeedConfig, read_speed, arguments)


if __name__ == "__main__":
    sys.exit(main())
