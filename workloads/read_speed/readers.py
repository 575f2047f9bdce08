"""Reading batches of images, from image files or from TFRecord shards.

A batch is complete when each of its images is; only then does the next one begin, so nothing is read ahead across
batches. A reader starts over at the first image when the data set is exhausted, like ``dataset.repeat()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

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
    names: set[str] = field(default_factory=set)
    rejected: list[tuple[str, str]] = field(default_factory=list)  # name, reason; again at each time it was read


@dataclass(frozen=True)
class ImageReader:
    """Image files: each one fetched, decoded, resized and cropped."""

    store: Store
    files: list[str]
    image_size: int
    decode: bool
    threads: int

    def read(self, batch_size: int, batch_count: int) -> Read:
        read = Read()
        names = cycle(self.files)
        for _ in range(batch_count):
            for name, size, why in map_bounded(self._one, islice(names, batch_size), threads=self.threads):
                _count(read, name, size, why)
        return read

    def _one(self, name: str) -> tuple[str, int, str | None]:
        data = self.store.read(name)
        try:
            if self.decode:
                decode_square(data, self.image_size)
        except Unusable as why:
            return name, len(data), str(why)
        return name, len(data), None


@dataclass(frozen=True)
class TFRecordReader:
    """TFRecord shards, read one after the other as a stream; checksums verified, examples parsed, images decoded."""

    store: Store
    files: list[str]
    decode: bool
    threads: int

    def read(self, batch_size: int, batch_count: int) -> Read:
        read = Read()
        records = self._records()
        for _ in range(batch_count):
            for name, size, why in map_bounded(self._one, islice(records, batch_size), threads=self.threads):
                _count(read, name, size, why)
        return read

    def _records(self) -> Iterator[tuple[str, Record]]:
        while True:
            found = False
            for file in self.files:
                with self.store.open(file) as stream:
                    for record in read_records(stream, f"{self.store.uri}/{file}"):
                        found = True
                        yield file, record
            if not found:
                raise DatasetError(f"no record in the {len(self.files)} shard(s) of {self.store.uri}")

    def _one(self, source: tuple[str, Record]) -> tuple[str, int, str | None]:
        file, record = source
        name, size = f"{file}@{record.offset}", len(record.data) + FRAME_BYTES
        example = decode_example(record.data, f"{self.store.uri}/{file}, byte {record.offset}")
        try:
            if self.decode:
                decode(example.image)
        except Unusable as why:
            return name, size, str(why)
        return name, size, None


Reader = ImageReader | TFRecordReader


def _count(read: Read, name: str, size: int, why: str | None) -> None:
    read.bytes += size
    read.names.add(name)
    if why is None:
        read.images += 1
    else:
        read.rejected.append((printable(name), why))
