"""Reading batches of images, from image files or from TFRecord shards.

A batch is complete when each of its images is; only then does the next one begin, so nothing is read ahead across
batches. A reader starts over at the first image when the data set is exhausted, like ``dataset.repeat()``.

Several processes may share every batch: then each is one part of the reader. A part fetches with threads and decodes on
the one core it has.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count, cycle, islice

from workloads.dataset import printable
from workloads.errors import DatasetError
from workloads.images import Unusable, decode, decode_square
from workloads.storage import Store, map_bounded
from workloads.tfrecord import FRAME_BYTES, Record, decode_example, read_records


@dataclass
class Read:
    """What one measurement went through. Names of images are unique within a format."""

    images: int = 0
    bytes: int = 0
    sizes: dict[str, int] = field(default_factory=dict)  # bytes of each distinct image, by name
    rejected: list[tuple[str, str]] = field(default_factory=list)  # name, reason; again at each time it was read

    @property
    def distinct_bytes(self) -> int:
        return sum(self.sizes.values())

    def add(self, name: str, size: int, why: str | None) -> None:
        self.bytes += size
        self.sizes[name] = size
        if why is None:
            self.images += 1
        else:
            self.rejected.append((printable(name), why))

    def merge(self, other: Read) -> None:
        self.images += other.images
        self.bytes += other.bytes
        self.sizes |= other.sizes
        self.rejected += other.rejected


def alone() -> None:
    """Between batches, where one process reads all of each."""


@dataclass(frozen=True)
class ImageReader:
    """Image files: each one fetched, decoded, resized and cropped."""

    store: Store
    files: list[str]
    image_size: int
    decode: bool
    threads: int
    part: int = 0
    parts: int = 1

    def split(self, parts: int) -> list[ImageReader]:
        """One part for each process; image ``i`` of a batch belongs to part ``i modulo parts``."""
        return [replace(self, part=part, parts=parts) for part in range(parts)]

    def read(self, batch_size: int, batch_count: int, batch_done: Callable[[], None] = alone) -> Read:
        """Read this part of each batch; ``batch_done`` is called after each one."""
        read = Read()
        order = count()
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in range(batch_count):
                batch = [self.files[i % len(self.files)] for i in islice(order, batch_size)][self.part :: self.parts]
                fetched = map_bounded(self.store.read, batch, threads=self.threads, pool=pool)
                for name, data in zip(batch, fetched, strict=True):
                    read.add(name, len(data), self._why_not(data))
                batch_done()
        return read

    def _why_not(self, data: bytes) -> str | None:
        try:
            if self.decode:
                decode_square(data, self.image_size)
        except Unusable as why:
            return str(why)
        return None


@dataclass(frozen=True)
class TFRecordReader:
    """TFRecord shards, read one after the other as a stream; checksums verified, examples parsed, images decoded."""

    store: Store
    files: list[str]
    decode: bool
    part: int = 0
    parts: int = 1

    def split(self, parts: int) -> list[TFRecordReader]:
        """At most one part for each process; each reads shards of its own."""
        parts = min(parts, len(self.files))
        return [replace(self, files=self.files[part::parts], part=part, parts=parts) for part in range(parts)]

    def read(self, batch_size: int, batch_count: int, batch_done: Callable[[], None] = alone) -> Read:
        """Read this part of each batch; ``batch_done`` is called after each one."""
        read = Read()
        records = self._records()
        share = len(range(self.part, batch_size, self.parts))
        for _ in range(batch_count):
            for file, record in islice(records, share):
                why = self._why_not(file, record)
                read.add(f"{file}@{record.offset}", len(record.data) + FRAME_BYTES, why)
            batch_done()
        records.close()
        return read

    def _records(self) -> Generator[tuple[str, Record], None, None]:
        found = False
        for file in cycle(self.files):
            with self.store.open(file) as stream:
                for record in read_records(stream, f"{self.store.uri}/{file}"):
                    found = True
                    yield file, record
            if not found and file == self.files[-1]:
                raise DatasetError(f"no record in the {len(self.files)} shard(s) of {self.store.uri}")

    def _why_not(self, file: str, record: Record) -> str | None:
        example = decode_example(record.data, f"{self.store.uri}/{file}, byte {record.offset}")
        try:
            if self.decode:
                decode(example.image)
        except Unusable as why:
            return str(why)
        return None
