"""Measure how fast images can be read, in images per second.

Each measurement reads ``batch_size x batch_count`` images from the beginning of the (shuffled) set, starting over when
it is exhausted. From image files, an image is fetched, decoded, resized and cropped; from TFRecords it is already
square: fetched, checked, parsed and decoded. The measurements of one repetition are in random order, so that a drift of
the machine does not look like an effect of the grid.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from workloads.contract import Measurements, Outcome, run_job
from workloads.dataset import in_order, list_dataset
from workloads.errors import WorkloadError
from workloads.progress import Progress
from workloads.read_speed.config import Format, ReadSpeedConfig, Source
from workloads.read_speed.readers import ImageReader, Reader, TFRecordReader
from workloads.read_speed.staging import evict, stage, staging_area
from workloads.record import Rejected
from workloads.storage import GS, open_store
from workloads.tfrecord_set import complete_shards, prepare_tfrecords

WORKLOAD = "read_speed"


@dataclass(frozen=True)
class Point:
    """One point of the grid. ``cache`` is None where it cannot be controlled."""

    format: Format
    source: Source
    cache: str | None
    batch_size: int
    batch_count: int

    @property
    def images(self) -> int:
        return self.batch_size * self.batch_count


@dataclass
class Session:
    """What the measurements of one job share."""

    config: ReadSpeedConfig
    measurements: Measurements
    readers: dict[tuple[Format, Source], Reader] = field(default_factory=dict)
    available: dict[Format, int] = field(default_factory=dict)  # images; unknown for TFRecords of others
    folders: dict[Format, Path] = field(default_factory=dict)  # staged copies
    seen: set[str] = field(default_factory=set)
    rejected: dict[str, str] = field(default_factory=dict)
    bytes_read: int = 0
    bytes_written: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def read_speed(config: ReadSpeedConfig, measurements: Measurements) -> Outcome:
    """Measure the throughput of reading images, from image files and from TFRecords."""
    session = Session(config, measurements)
    with ExitStack() as stack:
        if "image" in config.formats:
            _open_images(session)
        if "tfrecord" in config.formats:
            _open_tfrecords(session)
        prepared_at = time.time()
        if "staged" in config.sources:
            area = stack.enter_context(staging_area(config.staging_folder))
            for form in config.formats:
                _stage(session, form, area / form)
        points = [
            Point(form, source, cache, size, count)
            for form, source, size, count in product(
                config.formats, config.sources, config.batch_sizes, config.batch_counts
            )
            for cache in (config.caches if source == "staged" else [None])
        ]
        progress = Progress(config.repetitions * sum(point.images for point in points))
        for repetition in range(config.repetitions):
            random.Random(f"{config.seed}/{repetition}").shuffle(points)
            for point in points:
                _measure(session, point, repetition)
                progress.add(point.images)
    session.note("accounts are of distinct images, however often each was read; rows count every read")
    return Outcome(
        items_in=len(session.seen),
        items_out=len(session.seen) - len(session.rejected),
        rejected=[Rejected(name=name, reason=why) for name, why in sorted(session.rejected.items())],
        bytes_read=session.bytes_read,
        bytes_written=session.bytes_written,
        notes=session.notes,
        prepared_at=prepared_at,
    )


def _open_images(session: Session) -> None:
    config = session.config
    dataset = list_dataset(config.images_uri)
    names = [image.name for image in in_order(dataset.images, config.seed)]
    store = open_store(config.images_uri)
    session.readers["image", "bucket"] = ImageReader(store, names, config.image_size, config.decode, config.threads)
    session.available["image"] = len(names)
    session.notes.extend(dataset.notes)


def _open_tfrecords(session: Session) -> None:
    config = session.config
    uri = config.tfrecords_uri
    if uri is None:
        uri, options = config.output_uri, config.shard_options
        notes = prepare_tfrecords(config.images_uri, uri, options, config.shards, threads=config.threads)
        session.notes.extend(notes)
    store = open_store(uri)
    shards, notes = complete_shards(store)
    session.notes.extend(notes)
    session.readers["tfrecord", "bucket"] = TFRecordReader(store, shards, config.decode, config.threads)


def _stage(session: Session, form: Format, target: Path) -> None:
    """Copy the whole set to the node's disk, timed as operation ``stage``."""
    reader = session.readers[form, "bucket"]
    started_at, start = time.time(), time.perf_counter()
    folder, size = stage(reader.store, reader.files, target, session.config.threads)
    session.measurements.add(
        operation="stage",
        format=form,
        source=_place(reader),
        cache="unknown",
        started_at=started_at,
        duration_s=time.perf_counter() - start,
        images=session.available.get(form),
        bytes_read=size,
        bytes_written=size,
    )
    session.bytes_read += size
    session.bytes_written += size
    session.readers[form, "staged"] = replace(reader, store=folder)
    session.folders[form] = target


def _measure(session: Session, point: Point, repetition: int) -> None:
    """One row: read the images of one point of the grid."""
    reader = session.readers[point.format, point.source]
    cache = _prepare_cache(session, point, reader)
    started_at, start = time.time(), time.perf_counter()
    read = reader.read(point.batch_size, point.batch_count)
    duration_s = time.perf_counter() - start
    if read.images + len(read.rejected) != point.images:
        raise WorkloadError(
            f"{point}: {read.images} images read, {len(read.rejected)} rejected, {point.images} asked for"
        )
    session.measurements.add(
        operation="read",
        format=point.format,
        source="staged" if point.source == "staged" else _place(reader),
        cache=cache,
        batch_size=point.batch_size,
        batch_count=point.batch_count,
        repetition=repetition,
        started_at=started_at,
        duration_s=duration_s,
        images=read.images,
        images_rejected=len(read.rejected),
        bytes_read=read.bytes,
        bytes_written=0,
    )
    session.bytes_read += read.bytes
    session.seen |= {f"{point.format}:{name}" for name in read.names}
    session.rejected |= {f"{point.format}:{name}": why for name, why in read.rejected}
    if len(read.names) < point.images:
        session.note(f"{point.format}: points of more than {len(read.names)} images start over at the first one")


def _prepare_cache(session: Session, point: Point, reader: Reader) -> str:
    """Make the page cache of a staged copy what the point says; returns what it is known to be."""
    if point.source != "staged":
        return "unknown"  # what the object store, or another reader of the folder, keeps in memory is not ours to say
    if point.cache == "warm":
        for name in reader.files:
            reader.store.read(name)
        return "warm"
    gone = evict(session.folders[point.format], reader.files)
    if gone is None:
        session.note("cache: files were evicted, and whether they are gone cannot be told on this file system")
        return "unknown"
    if not gone:
        session.note("cache: files stayed in memory after eviction; such reads are not called cold")
        return "unknown"
    return "cold"


def _place(reader: Reader) -> str:
    return "bucket" if reader.store.uri.startswith(GS) else "folder"


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(WORKLOAD, ReadSpeedConfig, read_speed, arguments)


if __name__ == "__main__":
    sys.exit(main())
