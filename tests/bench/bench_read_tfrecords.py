"""Reading TFRecords with decode, held against the same decoder on the same bytes from memory, on all cores.

Both sides are processes of ``read_speed`` that meet after every batch. Without that the reference never sleeps, and where
cores are shared with others the kernel gives to those who slept: it made the reference the slower one.
"""

from __future__ import annotations

import cProfile
import io
import pstats
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from tests.bench.data import photographs
from tests.bench.harness import Result, compare
from tests.bench.team import CORES
from workloads.images import decode
from workloads.read_speed.crew import crew_of
from workloads.read_speed.readers import Read, TFRecordReader, alone
from workloads.shards import ShardOptions
from workloads.storage import Folder
from workloads.tfrecord import decode_example, read_records
from workloads.tfrecord_set import complete_shards, prepare_tfrecords

PASSES = 2  # over the set in one measurement: half a second, so that neighbours meet the same machine
RUNS = 15  # more than usual, since they are short
BATCH = 64


def measure(folder: Path) -> list[Result]:
    """One bar: >= 0.90."""
    images = photographs(folder)
    prepare_tfrecords(images.uri, str(folder / "tfrecords"), ShardOptions(), 16, threads=2)
    store = Folder(folder / "tfrecords")
    shards, _ = complete_shards(store)
    reader = TFRecordReader(store, shards, True)
    squares = [image for shard in shards for image in _squares(store, shard)]
    batches = PASSES * len(squares) // BATCH
    with crew_of(CORES) as crew:
        crew.open("tfrecord", reader)
        crew.open("memory", FromMemory(store, squares, True))  # type: ignore[arg-type]  # files are the JPEGs themselves

        def read(key: str) -> float:
            answer = crew.read(key, BATCH, batches)
            assert answer.read.images == BATCH * batches
            return answer.read.images / (answer.ended - answer.began)

        return [
            compare(
                f"read_speed, TFRecords with decode, {CORES} processes / the decoder alone, from memory",
                partial(read, "tfrecord"),
                partial(read, "memory"),
                names=("read_speed", "from memory"),
                at_least=0.90,
                runs=RUNS,
                profile=lambda: _profile(reader, batches),
            )
        ]


def _squares(store: Folder, shard: str) -> list[bytes]:
    with store.open(shard) as stream:
        return [decode_example(record.data, shard).image for record in read_records(stream, shard)]


class FromMemory(TFRecordReader):
    """The decoder alone: its ``files`` are JPEGs."""

    def read(self, batch_size: int, batch_count: int, batch_done: Callable[[], None] = alone) -> Read:
        squares, share = cycle(self.files), len(range(self.part, batch_size, self.parts))
        for _ in range(batch_count):
            for square in islice(squares, share):
                decode(square)  # type: ignore[arg-type]
            batch_done()
        return Read(images=share * batch_count)


def _profile(reader: TFRecordReader, batches: int) -> list[str]:
    """One process reading: what takes its time."""
    profile, text = cProfile.Profile(), io.StringIO()
    profile.runcall(reader.read, BATCH, max(1, batches // 4))
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(12)
    return [line for line in text.getvalue().splitlines() if line.strip()]
