"""The sampler of a lease's nodes, for the length of one attempt."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.base import processes
from infra.base.paths import PROJECT_DIR
from infra.leases.lease import Lease
from infra.targets.local import class_archive, disk, launch
from infra.targets.local.spec import node_specs

STOP_S = 5.0


@contextlib.contextmanager
def sampled(lease: Lease, folder: Path) -> Iterator[Callable[[], str | None]]:
    """Within, the nodes are sampled into ``nodes.jsonl`` once a second; the call says why not, if the sampler died.

    The caches are put in order first: the sampler's own start is then no part of what they hold.
    """
    evict(lease)
    with sampler(lease, folder / "nodes.jsonl", folder / "logs" / "sampler.log") as process:

        def failure() -> str | None:
            code = process.poll()
            return None if code is None else f"the sampler ended early with exit code {code}: see logs/sampler.log"

        yield failure


def evict(lease: Lease) -> None:
    """Every attempt begins with programs in the page cache, and the data of its nodes and of the object store out of it."""
    disk.prewarm(class_archive.runtime_files())
    disk.evict_cache([lease.directory / "store", *(spec.disk_dir for spec in node_specs(lease.directory))])


@contextlib.contextmanager
def sampler(lease: Lease, out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The sampler's process, which writes one line per node and second to ``out``; stopped on leaving."""
    command = [
        launch.python(),
        "-m",
        "infra.targets.local.sampler",
        "--lease-dir",
        str(lease.directory),
        "--out",
        str(out),
        "--nodes",
    ]
    with log.open("wb") as words:
        process = subprocess.Popen(
            [*command, *lease.node_names, "--parent", str(os.getpid())],
            cwd=PROJECT_DIR,
            env={**os.environ, processes.LEASE: lease.id},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
