"""Does a node's disk do what its class says? A short cold-cache measurement inside the node's cgroup.

Reads bypass the page cache (O_DIRECT), so every one of them reaches the throttled device. Run as a program this file
measures and prints JSON (standard library only: it starts inside a small node); ``run`` prepares, calls it, records.
"""

from __future__ import annotations

import contextlib
import json
import math
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
    from infra.targets.local.sizing import Limits
    from infra.targets.local.spec import NodeSpec

TOLERANCE = 0.15
TRIES = 3
RETRY_S = 30.0  # other nodes wait for this one
FILE_BYTES = 16 << 20
SMALL = 4096
WARM_UP_S = 0.3  # an idle device has credit: the throttle lets a quarter of a second's worth pass at once
WINDOW_S = (0.9, 1.5)  # of each of the two measurements, after its warm-up: longer for a slow disk
ENOUGH = 30  # completions that the window should hold


def run(spec: NodeSpec, size: Limits) -> dict[str, float]:
    """Measure a node's disk and write ``probe.json``.

    A rate that is off is measured again: a stall of the host passes, a limit that does not hold stays. The last one counts;
    ``tries`` says how many there were.

    Raises:
        BakeoffError: the measurement itself failed. A rate that is off is recorded, not raised.
    """
    from infra.base.errors import BakeoffError

    file = spec.disk_dir / ".probe"
    _write_file(file)
    try:
        began = time.monotonic()
        result = {**_measured(spec, size, file), "tries": 1}
        while not result["ok"] and result["tries"] < TRIES and time.monotonic() - began < RETRY_S:
            with contextlib.suppress(BakeoffError):  # there is a measurement already
                result = {**_measured(spec, size, file), "tries": result["tries"]}
            result["tries"] += 1
    finally:
        file.unlink(missing_ok=True)
    spec.probe_path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _measured(spec: NodeSpec, size: Limits, file: Path) -> dict[str, float]:
    """One measurement, beside what is configured."""
    from infra.base.errors import BakeoffError
    from infra.targets.local.launch import environment, node_command

    rates = [str(size.disk_read_bytes_s), str(size.disk_read_iops)]
    try:
        done = subprocess.run(
            node_command(spec, [sys.executable, "-I", "-S", __file__, str(file), *rates]),
            capture_output=True, text=True, timeout=60, check=False, env=environment(spec), stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BakeoffError(f"Node {spec.node}: the disk probe did not end within 60 s.") from error
    if done.returncode != 0:
        raise BakeoffError(f"Node {spec.node}: the disk probe ended with {done.returncode}: {done.stderr.strip()}")
    measured = json.loads(done.stdout)
    ratios = [measured["read_mb_s"] * 1e6 / size.disk_read_bytes_s, measured["read_iops"] / size.disk_read_iops]
    within_ratio = round(max(abs(ratio - 1) for ratio in ratios), 4)
    return {
        "configured_read_mb_s": size.disk_read_bytes_s / 1e6,
        "measured_read_mb_s": measured["read_mb_s"],
        "configured_read_iops": size.disk_read_iops,
        "measured_read_iops": measured["read_iops"],
        "within_ratio": within_ratio,
        "ok": bool(within_ratio <= TOLERANCE),
    }


def _write_file(path: Path) -> None:
    """Incompressible, on the disk, and out of the cache. Written by us, outside the node's throttle."""
    block = random.Random(0).randbytes(1 << 20)
    with path.open("wb", buffering=0) as file:
        for _ in range(FILE_BYTES >> 20):
            file.write(block)
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _completions(
    descriptor: int, block: int, threads: int, offset: Callable[[int], int], window_s: float
) -> list[float]:
    """Times at which reads of ``block`` bytes were complete, in order, from the warm-up's first one on."""
    times: list[float] = []
    lock = threading.Lock()
    begun = 0
    deadline = float("inf")

    def work() -> None:
        nonlocal begun, deadline
        buffer = mmap.mmap(-1, block)  # page-aligned, as O_DIRECT demands
        while time.perf_counter() < deadline:
            with lock:
                index, begun = begun, begun + 1
            if os.preadv(descriptor, [buffer], offset(index)) != block:
                raise OSError("short read from the probe file")
            with lock:
                times.append(time.perf_counter())
                deadline = times[0] + WARM_UP_S + window_s

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(times)


def rate(times: list[float], window_s: float) -> float:
    """Completions per second in the window after the warm-up; reads still queued at its end do not count.

    Few completions are counted by the gaps between them, many by the window: they come in bursts, and a burst at
    either end would stand for a gap that is not there.
    """
    start = times[0] + WARM_UP_S
    inside = [t for t in times if start <= t <= start + window_s]
    if len(inside) >= ENOUGH:
        return len(inside) / window_s
    if len(inside) < 4:
        inside = [t for t in times if t >= start]
    if len(inside) < 2:
        inside = times
    return (len(inside) - 1) / (inside[-1] - inside[0])


def _window_s(expected_rate: float) -> float:
    return min(max(ENOUGH / expected_rate, WINDOW_S[0]), WINDOW_S[1])


def measure(path: str, read_bytes_s: float, read_iops: float) -> dict[str, float]:
    """Sequential MB/s (10^6 bytes) in large blocks, and random reads of 4 KiB per second.

    The large block is the smallest power of two with which the limit on bytes binds well before the one on operations.
    """
    large = min(max(1 << math.ceil(math.log2(2 * read_bytes_s / read_iops)), 1 << 16), 1 << 20)
    order = random.Random(1)
    window_large, window_small = _window_s(read_bytes_s / large), _window_s(read_iops)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        sequential = _completions(descriptor, large, 2, lambda i: i * large % FILE_BYTES, window_large)
        threads = min(max(int(read_iops / 100), 1), 8)  # outstanding reads: the throttle, not latency, is the bound
        scattered = _completions(
            descriptor, SMALL, threads, lambda _: order.randrange(FILE_BYTES // SMALL) * SMALL, window_small
        )
    finally:
        os.close(descriptor)
    return {
        "read_mb_s": round(rate(sequential, window_large) * large / 1e6, 3),
        "read_iops": round(rate(scattered, window_small), 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))))
