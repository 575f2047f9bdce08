"""Decode a worker's share of the TFRecords once, on to the node's own disk.

Each image becomes a record of fixed length, its class (int32, little-endian) and its pixels (RGB, uint8), in the order
of the shards. Every later epoch reads these sequentially, without decoding again, and memory stays flat however large the
set is: the disk grows, by image_size x image_size x 3 bytes an image.

An image belongs to training or to validation by a hash of its JPEG bytes: TFRecords carry no names, and so the split does
not depend on how the set was cut into shards, and equal images cannot lie on both sides.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from workloads.errors import DatasetError, StorageError
from workloads.images import Unusable, decode_square
from workloads.shards import read_manifest
from workloads.storage import Store, map_bounded
from workloads.tfrecord import FRAME_BYTES, decode_example, read_records

_LABEL = struct.Struct("<i")
SPLITS = ("train", "validation")


@dataclass
class Staged:
    """What a worker has on its disk, and what it knows of the whole set."""

    folder: Path
    images: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))  # of this worker
    listed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))  # of all workers
    classes: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)  # of this worker: shard@offset, reason
    bytes_read: int = 0
    bytes_written: int = 0

    def path(self, split: str) -> Path:
        return self.folder / f"{split}.raw"


class _Source(NamedTuple):
    name: str
    split: str
    jpeg: bytes
    label: int


def record_bytes(image_size: int) -> int:
    """Length of one staged image."""
    return _LABEL.size + image_size * image_size * 3


def split_of(jpeg: bytes, validation_ratio: float) -> str:
    """``train`` or ``validation``, by the image's content."""
    share = int.from_bytes(hashlib.sha256(jpeg).digest()[:8], "big") / 2**64
    return "validation" if share < validation_ratio else "train"


def stage(
    store: Store,
    shards: list[str],
    folder: Path,
    *,
    image_size: int,
    validation_ratio: float,
    worker: int = 0,
    workers: int = 1,
    threads: int = 2,
) -> Staged:
    """Write the images of one of ``workers`` workers to ``folder``: of each split, every ``workers``-th one.

    Raises:
        TFRecordError: a shard is damaged or truncated, or holds other features.
        DatasetError: there is no record, or none on one side of the split.
        StorageError: a shard cannot be read, or the disk is full.
    """
    staged = Staged(folder)
    manifest = read_manifest(store) or {}
    classes = manifest.get("classes")
    staged.classes = len(classes) if isinstance(classes, list) else 0

    def pixels(source: _Source) -> tuple[_Source, bytes | None, str]:
        try:
            return source, decode_square(source.jpeg, image_size).tobytes(), ""
        except Unusable as why:
            return source, None, str(why)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = {split: stack.enter_context(staged.path(split).open("wb")) for split in SPLITS}
            mine = _own(store, shards, staged, validation_ratio, worker, workers)
            for source, data, why in map_bounded(pixels, mine, threads=threads):
                if data is None:
                    staged.rejected.append((source.name, why))
                    continue
                staged.bytes_written += files[source.split].write(_LABEL.pack(source.label) + data)
                staged.images[source.split] += 1
    except OSError as error:
        raise StorageError(f"cannot stage the images at {folder}: {error.strerror}") from error
    if missing := [split for split in SPLITS if not staged.listed[split]]:
        total = sum(staged.listed.values())
        raise DatasetError(
            f"{store.uri} holds {total} images, and none of them for {missing[0]} at validation_ratio {validation_ratio}; "
            "use more images or another ratio"
        )
    return staged


def _own(
    store: Store, shards: list[str], staged: Staged, validation_ratio: float, worker: int, workers: int
) -> Iterator[_Source]:
    """Every record is read, checked and counted; those of this worker come out."""
    for shard in shards:
        with store.open(shard) as stream:
            for record in read_records(stream, f"{store.uri}/{shard}"):
                example = decode_example(record.data, f"{store.uri}/{shard}, byte {record.offset}")
                staged.bytes_read += len(record.data) + FRAME_BYTES
                staged.classes = max(staged.classes, example.label + 1)
                if example.label < 0:
                    raise DatasetError(f"{store.uri}/{shard}, byte {record.offset}: class {example.label} is negative")
                split = split_of(example.image, validation_ratio)
                turn = staged.listed[split]
                staged.listed[split] += 1
                if turn % workers == worker:
                    yield _Source(f"{shard}@{record.offset}", split, example.image, example.label)
