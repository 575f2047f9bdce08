"""Memory of write_tfrecords while the data set grows tenfold: the peak of an executor and of its Python workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.bench.bench_write_tfrecords import with_spark
from tests.bench.data import photographs, upload
from tests.bench.harness import Result
from tests.bench.local_spark import local_spark
from tests.support.object_store import object_store_server
from workloads.dataset import list_dataset
from workloads.shards import ShardOptions

MIB = 1 << 20
INTERVAL_S = 0.05


class Peak:
    """Largest memory seen: of the JVM with all its Python processes, and of those alone, bytes."""

    def __init__(self) -> None:
        self.executor = 0
        self.python = 0


@contextmanager
def watched(peak: Peak) -> Iterator[None]:
    """Sample this process's children while the block runs."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL_S):
            java = python = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    name, private = child.name(), child.memory_info()
                except psutil.NoSuchProcess:
                    continue
                if name == "java":
                    java += private.rss
                elif name.startswith("python"):
                    python += private.rss - private.shared  # forked: what they share is counted once, with the daemon
            peak.executor, peak.python = max(peak.executor, java + python), max(peak.python, python)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def measure(folder: Path) -> list[Result]:
    """Two bars: <= 1.1 each. Every size has a Spark of its own, warmed up with its first run."""
    source = photographs(folder)
    peaks: dict[int, Peak] = {}
    with object_store_server(folder):
        for copies in (1, 10):
            dataset = list_dataset(upload(source, copies))
            with local_spark(folder / f"spark-{copies}") as context:
                run = partial(with_spark, context, dataset, ShardOptions())
                peaks[copies] = Peak()
                with watched(peaks[copies]):
                    end = (
                        time.monotonic() + 30
                    )  # as long for both, so that the JVM's heap has had the same time to grow
                    run()
                    while time.monotonic() < end:
                        run()
    few, many = peaks[1], peaks[10]
    return [
        _result("Python workers of an executor", few.python, many.python),
        _result("an executor, JVM and Python workers (both its cores)", few.executor, many.executor),
    ]


def _result(what: str, few: int, many: int) -> Result:
    told = f"peak memory of {what}: {few / MIB:,.0f} MiB with 800 images, {many / MIB:,.0f} MiB with 8,000"
    return Result(told, many / few, at_most=1.1)
