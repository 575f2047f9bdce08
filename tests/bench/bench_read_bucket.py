"""Image files from the bucket, held against the best that google-cloud-storage does, and beside the server's own rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from urllib.parse import quote

import urllib3

from tests.bench.data import photographs, upload
from tests.bench.harness import Result, compare
from tests.bench.team import CORES, team
from tests.support.object_store import object_store_server
from workloads.bucket import client
from workloads.read_speed.crew import crew_of
from workloads.read_speed.readers import ImageReader
from workloads.storage import GS, open_store

THREADS = (1, 2, 4, 8, 16)  # of the sweep, in each process


def measure(folder: Path) -> list[Result]:
    """One bar, >= 0.9, and the raw rate beside it."""
    source = photographs(folder)
    with object_store_server(folder):
        uri = upload(source)
        names = [entry.name for entry in open_store(uri).list()]
        reader = ImageReader(open_store(uri), names, 192, False, threads=4)
        with crew_of(CORES) as crew:
            crew.open("image", reader)

            def ours() -> float:
                answer = crew.read("image", len(names), 1)
                assert answer.read.images == len(names)
                return answer.read.images / (answer.ended - answer.began)

            _, processes, threads = sweep(partial(_client, uri), names)
            with team(partial(_client, uri, threads=threads), names, processes) as with_client:
                bar = compare(
                    f"read_speed, image files, fetch only / google-cloud-storage at its best of a sweep "
                    f"({processes} processes x {threads} threads)",
                    ours,
                    with_client,
                    names=("read_speed", "google-cloud-storage"),
                    at_least=0.9,
                )
            _, processes, threads = sweep(partial(_raw, uri), names)
            with team(partial(_raw, uri, threads=threads), names, processes) as raw:
                beside = compare(
                    f"read_speed, image files / raw HTTP, no checks ({processes} x {threads})",
                    ours,
                    raw,
                    names=("read_speed", "raw HTTP"),
                )
    return [bar, beside]


def sweep(work: Callable[..., int], names: Sequence[str]) -> tuple[float, int, int]:
    """The best rate, processes and threads; each combination warm, best of two."""
    found = []
    for processes, threads in product(range(1, CORES + 1), THREADS):
        with team(partial(work, threads=threads), names, processes) as go:
            go()
            found.append((max(go(), go()), processes, threads))
    return max(found)


def _client(uri: str, names: Sequence[str], threads: int) -> int:
    """google-cloud-storage as its documentation has it, its connection pool as large as the threads are many."""
    bucket, _, prefix = uri.removeprefix(GS).partition("/")
    place = client().bucket(bucket)
    with ThreadPoolExecutor(threads) as pool:
        return sum(1 for _ in pool.map(lambda name: place.blob(f"{prefix}/{name}").download_as_bytes(), names))


_pools: dict[int, urllib3.HTTPConnectionPool] = {}


def _raw(uri: str, names: Sequence[str], threads: int) -> int:
    """What the server gives to a bare HTTP client: no checksum, no retry."""
    bucket, _, prefix = uri.removeprefix(GS).partition("/")
    if os.getpid() not in _pools:
        _pools[os.getpid()] = urllib3.connection_from_url(
            os.environ["STORAGE_EMULATOR_HOST"], maxsize=threads, block=True
        )
    connections = _pools[os.getpid()]

    def get(name: str) -> int:
        return len(connections.urlopen("GET", f"/{bucket}/{prefix}/{quote(name)}", retries=False).data)

    with ThreadPoolExecutor(threads) as pool:
        return sum(1 for size in pool.map(get, names) if size)
