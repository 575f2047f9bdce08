"""cgroup version 1: one hierarchy per controller. See cgroup.py for what each method does.

Version 1 cannot tell whose write-back it is: buffered writes are neither throttled nor counted for a node, only reads
and direct or synchronous writes are. So the counts of writes are missing (None), not small.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from infra.targets.local.cgroup import (
    CPU_PERIOD_US,
    Counters,
    DiskLimit,
    pids_below,
    read_table,
    remove_below,
    wait_for,
    write,
)

# our word -> the kernel's; on systemd hosts cpu and cpuacct are links to one folder
CONTROLLERS = {"cpu": "cpu", "cpuacct": "cpuacct", "memory": "memory", "disk": "blkio", "freezer": "freezer"}


class CgroupV1:
    """One name in each of five hierarchies."""

    version = "cgroup-v1"

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.controllers = frozenset(
            ours for ours, theirs in CONTROLLERS.items() if (root / theirs / "cgroup.procs").exists()
        )

    def _path(self, controller: str, file: str = "") -> Path:
        return self.root / CONTROLLERS[controller] / self.name / file

    def directories(self) -> list[Path]:
        """Existing folders of this cgroup, each once."""
        found = (self._path(c) for c in sorted(self.controllers))
        return list({path.resolve(): path for path in found if path.is_dir()}.values())

    def create(self) -> None:
        for controller in self.controllers:
            self._path(controller).mkdir(parents=True, exist_ok=True)

    def join_files(self) -> list[Path]:
        return [path / "cgroup.procs" for path in self.directories()]

    def limit_cpu(self, cores: float | None) -> None:
        write(self._path("cpu", "cpu.cfs_period_us"), str(CPU_PERIOD_US))
        write(self._path("cpu", "cpu.cfs_quota_us"), str(-1 if cores is None else round(cores * CPU_PERIOD_US)))

    def limit_memory(self, size_bytes: int) -> None:
        write(self._path("memory", "memory.limit_in_bytes"), str(size_bytes))
        with contextlib.suppress(OSError):  # without swap accounting the file is missing, and there is nothing to limit
            write(self._path("memory", "memory.memsw.limit_in_bytes"), str(size_bytes))

    def limit_disk(self, limit: DiskLimit) -> None:
        for file, value in (
            ("read_bps", limit.read_bytes_s),
            ("write_bps", limit.write_bytes_s),
            ("read_iops", limit.read_iops),
            ("write_iops", limit.write_iops),
        ):
            write(self._path("disk", f"blkio.throttle.{file}_device"), f"{limit.device} {value}")

    def counters(self) -> Counters:
        cpu = read_table(self._path("cpu", "cpu.stat")) if "cpu" in self.controllers else {}
        usage = self._integer("cpuacct", "cpuacct.usage")
        read_ops = self._reads("blkio.throttle.io_serviced")
        read_bytes = self._reads("blkio.throttle.io_service_bytes")
        return Counters(
            cpu_s=None if usage is None else usage / 1e9,
            periods=cpu.get("nr_periods"),
            periods_throttled=cpu.get("nr_throttled"),
            memory_bytes=self._memory_bytes(),
            disk_read_ops=read_ops,
            disk_write_ops=None,
            disk_read_bytes=read_bytes,
            disk_write_bytes=None,
        )

    def _integer(self, controller: str, file: str) -> int | None:
        if controller not in self.controllers:
            return None
        try:
            return int(self._path(controller, file).read_text(encoding="ascii"))
        except OSError:
            return None

    def _memory_bytes(self) -> int | None:
        usage = self._integer("memory", "memory.usage_in_bytes")
        if usage is None:
            return None
        table = read_table(self._path("memory", "memory.stat"))
        return max(usage - table.get("total_active_file", 0) - table.get("total_inactive_file", 0), 0)

    def _reads(self, file: str) -> int | None:
        """Sum over devices of the lines ``254:0 Read 123``; a node that has not read yet has no line."""
        if "disk" not in self.controllers:
            return None
        try:
            lines = self._path("disk", file).read_text(encoding="ascii").splitlines()
        except OSError:
            return None
        return sum(int(line.split()[2]) for line in lines if " Read " in line)

    def pids(self) -> set[int]:
        return {pid for path in self.directories() for pid in pids_below(path)}

    def freeze(self) -> bool:
        state = self._path("freezer", "freezer.state")
        if "freezer" not in self.controllers or not state.exists():
            return False
        write(state, "FROZEN")
        return wait_for(state, "FROZEN")

    def thaw(self) -> None:
        state = self._path("freezer", "freezer.state")
        if "freezer" in self.controllers and state.exists():
            for child in state.parent.glob("**/freezer.state"):  # a child may have been frozen on its own
                write(child, "THAWED")

    def remove(self) -> bool:
        return all(remove_below(path) for path in self.directories())
