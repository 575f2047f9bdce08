"""Memory of the nodes: the sampler as a program on a fake node, and its samples as columns of the minutes' rows."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.targets.dataproc import memory
from infra.targets.dataproc.memory import MemorySamples, collect, join
from infra.targets.google.node import sampler
from tests.support.google.jobs import Clock
from tests.support.google.metadata import FakeMetadata, serve_metadata
from tests.support.waiting import wait_for
from workloads.errors import StorageError
from workloads.storage import open_store

BEGIN = 1_795_536_000  # a full minute
END = BEGIN + 300
CLUSTER = "bakeoff-abc123"
NODES = {"m": 2, "w-0": 4}
MEMINFO = "MemTotal:        8000000 kB\nMemFree:   100 kB\nMemAvailable:    5000000 kB\nHugePages_Total:       0\n"


def put(bucket: str, node: str, samples: list[tuple[float, float]], cluster: str = CLUSTER) -> None:
    """One object of samples, called after the first."""
    lines = "".join(json.dumps({"ts": ts, "mem_bytes": used}) + "\n" for ts, used in samples)
    name = f"samples/{cluster}-{node}/{int(samples[0][0] * 1000)}.jsonl"
    open_store(f"{bucket}/leases/abc123").write(name, lines.encode())


def every_5_s(begin: float, end: float, used: float = 1e9) -> list[tuple[float, float]]:
    return [(begin + 5 * i, used + i) for i in range(int((end - begin) // 5))]


def fill(bucket: str, node: str, begin: float = BEGIN - 600, end: float = END + 30, used: float = 1e9) -> None:
    for at in range(int(begin), int(end), 30):
        put(bucket, node, every_5_s(at, at + 30, used))


def collected(bucket: str, begin: float = BEGIN, end: float = END, **options: object) -> MemorySamples:
    return collect(f"{bucket}/leases/abc123", CLUSTER, NODES, begin, end, now=lambda: end + 3600, **options)  # type: ignore[arg-type]


def test_memory_in_use_is_what_a_new_process_cannot_have() -> None:
    assert sampler.memory_bytes(MEMINFO) == 3_000_000 * 1024
    assert sampler.memory_bytes(Path("/proc/meminfo").read_text()) > 0


def test_the_sampler_of_a_node_writes_into_the_bucket_of_its_lease(bucket: str) -> None:
    """As a program of its own, as the service runs it; stopped as a preempted node stops it, it writes what it holds."""
    attributes = {"dataproc-cluster-name": CLUSTER, "bakeoff-dependencies": f"{bucket}/dependencies/0123\n"}
    with serve_metadata(FakeMetadata(f"{CLUSTER}-w-0", attributes)) as node:
        environment = {**os.environ, "GCE_METADATA_HOST": node.address}
        hasty = f"import runpy; names = runpy.run_path({sampler.__file__!r}); main = names['main']"
        hasty += "; main.__globals__['SAMPLE_S'] = 0.1; main()"
        began, samples = time.time(), open_store(f"{bucket}/leases/abc123/samples/{CLUSTER}-w-0")
        with subprocess.Popen([sys.executable, "-S", "-c", hasty], env=environment, stderr=subprocess.PIPE) as process:
            try:
                wait_for(lambda: process.poll() is not None or samples.list())
                time.sleep(1.5)
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, process.stderr and process.stderr.read()
    first, last = (samples.read(entry.name).splitlines() for entry in samples.list())
    assert len(first) == 1 and len(last) > 1
    place = f"{bucket}/leases/abc123"
    found = collect(place, CLUSTER, {"w-0": 4}, began - 1, time.time() + 1, now=lambda: time.time() + 999)
    assert len(found.by_node["w-0"]) == 1 + len(last) and found.by_node["w-0"][0][1] > 0


class Unsteady(sampler.Bucket):
    """A bucket that refuses its first writes."""

    def __init__(self, failures: int) -> None:
        self.failures, self.objects = failures, dict[str, bytes]()

    def put(self, name: str, data: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("503")
        self.objects[name] = data


def test_samples_that_could_not_be_written_are_written_with_the_next(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO)
    bucket = Unsteady(failures=2)
    sampling = sampler.Sampler(bucket, tmp_path / "meminfo")
    for _ in range(3):
        sampling.sample()
        sampling.flush()
    sampling.flush()  # nothing waits: no empty object
    (data,) = bucket.objects.values()
    assert len(data.splitlines()) == 3


def test_a_token_is_asked_for_again_before_it_expires(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = {"dataproc-cluster-name": CLUSTER, "bakeoff-dependencies": f"{bucket}/dependencies/0123"}
    with serve_metadata(FakeMetadata(f"{CLUSTER}-m", attributes)) as node:
        monkeypatch.setattr(sampler, "METADATA", f"http://{node.address}/computeMetadata/v1/")
        place = sampler.Bucket()
        for name in ("1", "2"):
            place.put(name, b"")
        assert node.tokens == 1
        node.expires_in_s = 0
        place._token_until = 0.0
        for name in ("3", "4"):
            place.put(name, b"")
        assert node.tokens == 3


def test_the_largest_sample_of_a_minute_is_its_memory(bucket: str) -> None:
    for node in NODES:
        fill(bucket, node)
    put(bucket, "w-0", [(BEGIN + 100.5, 7e9)])  # a peak of half a second, in the second minute
    put(bucket, "m", [(BEGIN + 10, 9e9)], cluster="bakeoff-abc124")
    rows: list[dict[str, float | str | None]] = [
        {"ts": BEGIN + 60 * i, "node": node, "role": "x", "cpu_ratio": 0.5} for i in range(1, 6) for node in NODES
    ]
    found = join(rows, collected(bucket), NODES)
    assert len(found) == 10 and all(row["cpu_ratio"] == 0.5 for row in found)
    by_minute = {row["ts"]: row["mem_bytes"] for row in found if row["node"] == "w-0"}
    assert by_minute == {BEGIN + 60: 1e9 + 5, BEGIN + 120: 7e9, **{BEGIN + 60 * i: 1e9 + 5 for i in (3, 4, 5)}}
    assert collected(bucket).missing == []


def test_a_minute_that_google_left_out_keeps_its_memory(bucket: str) -> None:
    fill(bucket, "m")
    (row,) = join([], collected(bucket, BEGIN + 5, BEGIN + 25), NODES)
    assert row == {"ts": BEGIN + 10, "node": "m", "role": "master", "mem_bytes": 1e9 + 5}


def test_a_node_without_samples_is_null_and_said(bucket: str) -> None:
    fill(bucket, "m")
    found = collected(bucket)
    assert found.missing == ["no mem_bytes on w-0: it has written no sample into the bucket"]
    rows = join([{"ts": BEGIN + 60, "node": "w-0", "role": "worker", "cpu_ratio": 0.5}], found, NODES)
    assert all("mem_bytes" not in row for row in rows if row["node"] == "w-0")


def test_no_samples_at_all_are_said_once(bucket: str) -> None:
    found = collected(bucket)
    assert found.by_node == {}
    assert found.missing == [
        "no mem_bytes: no node has written a sample into the bucket (see the output of its set-up)"
    ]


def test_a_bucket_that_cannot_be_read_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(uri: str) -> object:
        raise StorageError(f"cannot list {uri}: 403")

    monkeypatch.setattr(memory, "open_store", refuse)
    found = collected(bucket)
    assert found.by_node == {} and "samples could not be read" in found.missing[0] and "403" in found.missing[0]


def test_gaps_are_named_with_their_length(bucket: str) -> None:
    for node in NODES:
        put(bucket, node, every_5_s(BEGIN, BEGIN + 100))
        put(bucket, node, every_5_s(BEGIN + 200, END + 5))
    found = collected(bucket)
    assert found.missing == [f"mem_bytes has gaps on {node}, 105 s without a sample" for node in NODES]
    minutes = {math.ceil(float(row["ts"] or 0) / 60) - BEGIN // 60 for row in join([], found, NODES)}
    assert minutes == {1, 2, 4, 5}


@pytest.mark.parametrize("off_s", [-900, 900])
def test_clocks_that_differ_are_named(bucket: str, off_s: int) -> None:
    for node in NODES:
        fill(bucket, node, BEGIN + off_s, BEGIN + off_s + 300)
    found = collected(bucket)
    assert found.by_node == {}
    assert all("outside of the attempt" in line and "clocks" in line for line in found.missing)
    assert "lies 605 s" in found.missing[0] if off_s < 0 else "lies 600 s" in found.missing[0]


def test_the_last_samples_are_waited_for(bucket: str) -> None:
    for node in NODES:
        fill(bucket, node, end=END - 30)
    clock = Clock()
    clock.now = END + 1

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now == END + 21:
            for node in NODES:
                fill(bucket, node, END - 30, END + 30)

    found = collect(f"{bucket}/leases/abc123", CLUSTER, NODES, BEGIN, END, sleep=sleep, now=clock)
    assert clock.now == END + 21 and found.missing == []


@pytest.mark.parametrize("gone", [False, True])
def test_and_not_for_ever_nor_for_a_node_that_is_gone(bucket: str, gone: bool) -> None:
    fill(bucket, "m")
    fill(bucket, "w-0", end=BEGIN + 60)
    clock = Clock()
    clock.now = END + 1
    lost = {"w-0"} if gone else set()
    found = collect(f"{bucket}/leases/abc123", CLUSTER, NODES, BEGIN, END, gone=lost, sleep=clock.sleep, now=clock)
    assert clock.now == END + 1 if gone else END + memory.VISIBLE_AFTER_S <= clock.now < END + 80
    assert found.missing == ["mem_bytes has gaps on w-0, 245 s without a sample"]


def test_only_the_objects_of_the_attempt_are_read(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for node in NODES:
        fill(bucket, node, BEGIN - 3600, END + 3600)
    read: list[str] = []
    store = open_store(f"{bucket}/leases/abc123/samples")

    class Counting:
        list = store.list

        @staticmethod
        def read(name: str) -> bytes:
            read.append(name)
            return store.read(name)

    monkeypatch.setattr(memory, "open_store", lambda uri: Counting)
    assert collected(bucket).missing == []
    assert len(read) <= 2 * (300 // 30 + 2)
