"""Does a node's disk do what its class says? A short cold-cache measurement inside the node's cgroup.

Reads bypass the page cache (O_DIRECT), so every one of them reaches the throttled device. Run as a program this file
measures and prints JSON (standard library only: it starts inside a small node); ``run`` prepares, calls it, records.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.local.sizing import Limits
    from infra.local.spec import NodeSpec

TOLERANCE = 0.15
FILE_BYTES = 16 << 20
LARGE = 1 << 20
SMALL = 4096
SECONDS = 0.8  # of each of the two measurements, after its warm-up
THREADS = 8  # outstanding reads, so that the throttle and not this host's latency is the bound


def run(spec: NodeSpec, size: Limits) -> dict[str, float | bool]:
    """Measure a node's disk and write ``probe.json``.

    Raises:
        BakeoffError: the measurement itself failed. A rate that is off is recorded, not raised.
    """
    from infra.errors import BakeoffError
    from infra.local.launch import environment, on_node

    file = spec.disk_dir / ".probe"
    _write_file(file)
    try:
        done = subprocess.run(
            on_node(spec, [sys.executable, "-I", "-S", __file__, str(file)]),
            capture_output=True, text=True, timeout=60, check=False, env=environment(spec), stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BakeoffError(f"Node {spec.node}: the disk probe did not end within 60 s.") from error
    finally:
        file.unlink(missing_ok=True)
    if done.returncode != 0:
        raise BakeoffError(f"Node {spec.node}: the disk probe ended with {done.returncode}: {done.stderr.strip()}")
    measured = json.loads(done.stdout)
    result: dict[str, float | bool] = {
        "configured_read_mb_s": size.disk_read_bytes_s / 1e6,
        "measured_read_mb_s": measured["read_mb_s"],
        "configured_read_iops": size.disk_read_iops,
        "measured_read_iops": measured["read_iops"],
    }
    ratios = [measured["read_mb_s"] * 1e6 / size.disk_read_bytes_s, measured["read_iops"] / size.disk_read_iops]
    result["within_ratio"] = round(max(abs(ratio - 1) for ratio in ratios), 4)
    result["ok"] = bool(result["within_ratio"] <= TOLERANCE)
    spec.probe_path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _write_file(path: Path) -> None:
    """Incompressible, on the disk, and out of the cache. Written by us, outside the node's throttle."""
    block = random.Random(0).randbytes(LARGE)
    with path.open("wb", buffering=0) as file:
        for _ in range(FILE_BYTES // LARGE):
            file.write(block)
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _completions(descriptor: int, block: int, threads: int, offset: Callable[[int], int], seconds: float) -> list[float]:
    """Times at which reads of ``block`` bytes were complete, in order; the first one is the warm-up's end."""
    times: list[float] = []
    lock = threading.Lock()
    begun = 0
    deadline = [float("inf")]

    def work() -> None:
        nonlocal begun
        buffer = mmap.mmap(-1, block)  # page-aligned, as O_DIRECT demands
        while True:
            with lock:
                index, begun = begun, begun + 1
            if os.preadv(descriptor, [buffer], offset(index)) != block:
                raise OSError("short read from the probe file")
            now = time.perf_counter()
            with lock:
                times.append(now)
                if len(times) == 1:
                    deadline[0] = now + seconds
            if now >= deadline[0]:
                return

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(times)


def _rate(times: list[float], seconds: float) -> float:
    """Completions per second from the warm-up's end to the last one in time; reads still queued then do not count."""
    inside = [t for t in times if t <= times[0] + seconds]
    if len(inside) < 4:  # a disk so slow that the window holds next to nothing: take all there is
        inside = times
    return (len(inside) - 1) / (inside[-1] - inside[0])


def measure(path: str) -> dict[str, float]:
    """Sequential MB/s (10^6 bytes) in large blocks, and random reads of 4 KiB per second."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        large, small = FILE_BYTES // LARGE, FILE_BYTES // SMALL
        order = random.Random(1)
        sequential = _completions(descriptor, LARGE, 2, lambda i: i % large * LARGE, SECONDS)
        scattered = _completions(descriptor, SMALL, THREADS, lambda _: order.randrange(small) * SMALL, SECONDS)
    finally:
        os.close(descriptor)
    return {
        "read_mb_s": round(_rate(sequential, SECONDS) * LARGE / 1e6, 3),
        "read_iops": round(_rate(scattered, SECONDS), 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
