"""A Spark worker, and a whole job, killed in the middle: nothing is lost, and no half shard is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.support.processes import kill_family
from tests.support.spark import set_java_home
from tests.support.workloads.faults import Faults, faulty_store
from workloads.dataset import list_dataset
from workloads.generate import draw
from workloads.record import Summary
from workloads.shards import MANIFEST, list_shards
from workloads.storage import open_store
from workloads.tfrecord import read_records

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
IMAGES = 80


@pytest.fixture
def images(bucket: str) -> str:
    store = open_store(f"{bucket}/images")
    for index in range(IMAGES):
        store.write(*draw(index, seed=3))
    return store.uri


@contextmanager
def job(address: str, images: str, folder: Path, delay_s: float) -> Iterator[tuple[subprocess.Popen[bytes], Faults]]:
    """The job on two cores, each task tried up to four times; every answer of the store takes ``delay_s``."""
    set_java_home()
    faults = Faults(slow=1.0)
    faults.delay_s = delay_s
    config = {"images_uri": images, "output_uri": f"{images}-tfrecords", "partitions": 4, "fetch_threads": 1}
    (folder / "config.json").write_text(json.dumps(config))
    program = folder / "job.py"
    program.write_text(
        "import sys\n"
        "from pyspark import SparkConf, SparkContext\n"
        "conf = SparkConf().setMaster('local[2,4]').set('spark.ui.enabled', 'false')\n"
        "conf.set('spark.driver.host', '127.0.0.1').set('spark.driver.bindAddress', '127.0.0.1')\n"
        "SparkContext(conf=conf)\n"
        "from workloads.write_tfrecords.job import main\n"
        "sys.exit(main(['--config', 'config.json', '--out', 'results']))\n"
    )
    with faulty_store(address, faults) as proxy:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "STORAGE_EMULATOR_HOST": proxy}
        environment |= {"PYSPARK_PYTHON": sys.executable}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(program)], cwd=folder, env=environment, stdout=log, stderr=log
            )
        try:
            yield process, faults
        finally:
            kill_family(process)


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Python processes in which tasks run: children of Spark's Python daemon."""
    family, daemons = psutil.Process(process.pid).children(recursive=True), set()
    for one in family:
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            if "pyspark.daemon" in " ".join(one.cmdline()):
                daemons.add(one.pid)
    return [one for one in family if one.pid in daemons and parent_of(one) in daemons]


def parent_of(process: psutil.Process) -> int:
    """Its parent's number; 0 when it has ended meanwhile."""
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def wait_until_at_work(process: subprocess.Popen[bytes], faults: Faults, folder: Path) -> list[psutil.Process]:
    """Until a good part of the first images has been fetched; by then no task is done."""
    end = time.monotonic() + 120
    while not (faults.done["slow"] > 15 and (found := workers(process))):
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_a_killed_worker_is_replaced_and_the_accounts_add_up(object_store: str, images: str, tmp_path: Path) -> None:
    with job(object_store, images, tmp_path, delay_s=0.4) as (process, faults):
        wait_until_at_work(process, faults, tmp_path)[0].kill()
        assert process.wait(150) == 0, (tmp_path / "log").read_text()[-3000:]
    assert "Python worker exited unexpectedly" in (tmp_path / "log").read_text()
    summary = Summary.model_validate_json((tmp_path / "results" / "summary.json").read_text())
    assert (summary.items_in, summary.items_out, summary.items_rejected) == (IMAGES, IMAGES, 0)
    assert summary.bytes_read == list_dataset(images).bytes
    assert records(f"{images}-tfrecords") == IMAGES


def test_a_killed_job_leaves_whole_shards_and_no_manifest(object_store: str, images: str, tmp_path: Path) -> None:
    with job(object_store, images, tmp_path, delay_s=0.4) as (process, faults):
        wait_until_at_work(process, faults, tmp_path)
        kill_family(process)
    store = open_store(f"{images}-tfrecords")
    assert not store.exists(MANIFEST)
    assert records(store.uri) < IMAGES  # each shard that is there is whole: reading it raises nothing
    with job(object_store, images, tmp_path, delay_s=0.0) as (process, _):
        assert process.wait(150) == 0, (tmp_path / "log").read_text()[-3000:]
    assert store.exists(MANIFEST)
    assert records(store.uri) == IMAGES


def records(uri: str) -> int:
    store, count = open_store(uri), 0
    for shard in list_shards(store):
        with store.open(shard) as stream:
            count += sum(1 for _ in read_records(stream, shard))
    return count
