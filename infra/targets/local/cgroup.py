"""A node's cgroup: quota, memory limit, disk throttle, counters, freezer. Version 1 and 2 behind one interface.

Standard library only: the sampler imports this. Every method works with the controllers that are there; which are, is
in ``controllers``. Paths start at ``root``, so that tests can use a folder of plain files.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple, Protocol

ROOT = Path("/sys/fs/cgroup")
# 50 ms, not the kernel's 100: a small node that has used its share stalls for half as long
CPU_PERIOD_US = 50_000
FREEZE_TIMEOUT_S = 5.0


class DiskLimit(NamedTuple):
    """Bytes/s and operations/s on one block device (``major:minor``)."""

    device: str
    read_bytes_s: int
    write_bytes_s: int
    read_iops: int
    write_iops: int


class Counters(NamedTuple):
    """Totals since the cgroup was made; None: this controller is missing, or cannot know."""

    cpu_s: float | None
    periods: int | None
    periods_throttled: int | None
    memory_bytes: int | None  # page cache left out
    disk_read_ops: int | None
    disk_write_ops: int | None
    disk_read_bytes: int | None
    disk_write_bytes: int | None


class Cgroup(Protocol):
    """One cgroup, named ``bakeoff-<lease>`` or ``bakeoff-<lease>/<node>``."""

    version: str
    name: str

    @property
    def controllers(self) -> frozenset[str]:
        """Of cpu, cpuacct, memory, disk, freezer: those that are there."""
        ...

    def create(self) -> None: ...
    def directories(self) -> list[Path]: ...
    def join_files(self) -> list[Path]:
        """Files to write ``0`` to, to become a member."""
        ...

    def limit_cpu(self, cores: float | None) -> None: ...
    def limit_memory(self, size_bytes: int) -> None: ...
    def limit_disk(self, limit: DiskLimit) -> None: ...
    def counters(self) -> Counters: ...
    def pids(self) -> set[int]: ...
    def freeze(self) -> bool: ...
    def thaw(self) -> None: ...
    def remove(self) -> bool: ...


def open_cgroup(name: str, root: Path = ROOT) -> Cgroup | None:
    """The cgroup of that name, existing or not; None where the host has no cgroups with controllers."""
    from infra.targets.local.cgroup_v1 import CgroupV1
    from infra.targets.local.cgroup_v2 import CgroupV2

    if (root / "cgroup.controllers").exists():
        return CgroupV2(root, name)
    group = CgroupV1(root, name)
    return group if group.controllers else None


def write(path: Path, value: str) -> None:
    """One write call, as the kernel wants it. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def read_table(path: Path) -> dict[str, int]:
    """A file of ``key value`` lines; empty if it is not there."""
    try:
        with open(path, encoding="ascii") as file:
            words = file.read().split()
    except OSError:
        return {}
    return {key: int(value) for key, value in zip(words[::2], words[1::2], strict=False) if value.isdigit()}


def pids_below(directory: Path) -> set[int]:
    """Members of a cgroup and of those below it."""
    found: set[int] = set()
    for folder, _, _ in os.walk(directory):
        with contextlib.suppress(OSError):
            found.update(int(line) for line in Path(folder, "cgroup.procs").read_text(encoding="ascii").split())
    return found


def remove_below(directory: Path) -> bool:
    """Remove a cgroup and those below it; false if a member still lives. The kernel needs a moment after a kill."""
    for attempt in range(50):
        for folder, _, _ in os.walk(directory, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        if not directory.exists():
            return True
        if attempt > 5 and pids_below(directory):
            return False
        time.sleep(0.02)
    return False


def wait_for(path: Path, wanted: str) -> bool:
    """Poll a file until it contains ``wanted``."""
    deadline = time.monotonic() + FREEZE_TIMEOUT_S
    while time.monotonic() < deadline:
        if wanted in path.read_text(encoding="ascii"):
            return True
        time.sleep(0.01)
    return False
