"""What is done with a micro-batch: each image fetched, cropped and written to a TFRecord shard, and the batch accounted for.

Everything that a batch writes is named after its number, so that Spark may run a batch again after a failure: it writes the
same names over. Together with the file source, which keeps in its checkpoint which journal files belong to which batch,
each arrival counts exactly once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from workloads.dataset import class_of
from workloads.errors import NotFound
from workloads.images import Unusable, to_square_jpeg
from workloads.storage import map_bounded, open_store
from workloads.tfrecord import SUFFIX, encode_example, frame

RESULTS = "results"
SHARDS = "tfrecords"
FETCH_THREADS = 4


class Work(NamedTuple):
    """What the tasks of a batch need to know."""

    arrivals_uri: str
    output_uri: str
    labels: dict[str, int]
    image_size: int
    jpeg_quality: int


class Arrived(NamedTuple):
    """An entry of the journal."""

    name: str
    step: int
    due_at: float  # unix s


def process(work: Work, batch: int, partition: int, arrived: Iterator[Arrived]) -> Iterator[dict[str, Any]]:
    """One task: yields an account of each image, without the time, which is known when the whole batch is done."""
    source = open_store(work.arrivals_uri)
    shard = bytearray()

    def fetch(item: Arrived) -> tuple[Arrived, bytes | None]:
        try:
            return item, source.read(item.name)
        except NotFound:
            return item, None

    for item, data in map_bounded(fetch, arrived, threads=FETCH_THREADS):
        account = {
            "name": item.name,
            "step": item.step,
            "due_at": item.due_at,
            "bytes_read": len(data or b""),
            "why": None,
        }
        try:
            if data is None:
                raise FileNotFoundError
            square = to_square_jpeg(data, work.image_size, work.jpeg_quality)
            shard += frame(encode_example(square, work.labels[class_of(item.name.partition("/")[2])]))
        except Unusable as why:
            account["why"] = str(why)
        except FileNotFoundError:
            account["why"] = "in the journal, but not in the bucket"
        yield account
    if shard:
        open_store(work.output_uri).write(f"{SHARDS}/batch{batch:06d}-{partition:04d}{SUFFIX}", bytes(shard))


def commit(work: Work, batch: int, accounts: list[dict[str, Any]]) -> None:
    """Write the accounts of a batch, at once and whole; from now on its images are done."""
    done_at = time.time()
    lines = [json.dumps({**account, "done_at": done_at, "batch": batch}) for account in accounts]
    text = "".join(f"{line}\n" for line in lines)
    open_store(work.output_uri).write(f"{RESULTS}/batch{batch:06d}.jsonl", text.encode())


class Ledger:
    """The accounts of all batches so far; each batch is read once."""

    def __init__(self, output_uri: str) -> None:
        self._store = open_store(f"{output_uri.rstrip('/')}/{RESULTS}")
        self._read: set[str] = set()
        self._rows: list[dict[str, Any]] = []

    def rows(self) -> list[dict[str, Any]]:
        try:
            names = [entry.name for entry in self._store.list() if entry.name.endswith(".jsonl")]
        except NotFound:
            return self._rows
        for name in names:
            if name not in self._read:
                self._rows += [json.loads(line) for line in self._store.read(name).splitlines()]
                self._read.add(name)
        return self._rows


def committed(output_uri: str) -> list[dict[str, Any]]:
    """The accounts of all batches, as they are now."""
    return Ledger(output_uri).rows()
