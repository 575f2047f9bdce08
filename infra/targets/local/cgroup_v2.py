"""cgroup version 2: one hierarchy; write-back is throttled and counted too. See cgroup.py for what each method does."""

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

CONTROLLERS = {"cpu": "cpu", "memory": "memory", "disk": "io"}  # our word -> the kernel's


class CgroupV2:
    """One folder; the controllers are handed down from the root, level by level."""

    version = "cgroup-v2"

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.path = root / name

    @property
    def controllers(self) -> frozenset[str]:
        """Before ``create``: what the root could hand down; after it: what arrived."""
        file = (self.path if self.path.is_dir() else self.root) / "cgroup.controllers"
        there = file.read_text(encoding="ascii").split()
        found = {ours for ours, theirs in CONTROLLERS.items() if theirs in there}
        return frozenset(found | {"cpuacct", "freezer"})  # cpu.stat and cgroup.freeze need no controller

    def directories(self) -> list[Path]:
        return [self.path] if self.path.is_dir() else []

    def create(self) -> None:
        parent = self.root
        for part in Path(self.name).parts:
            there = (parent / "cgroup.controllers").read_text(encoding="ascii").split()
            for controller in CONTROLLERS.values():
                if controller in there:
                    with contextlib.suppress(
                        OSError
                    ):  # one that cannot be handed down is missing below; the rest is not
                        write(parent / "cgroup.subtree_control", f"+{controller}")
            parent = parent / part
            parent.mkdir(exist_ok=True)

    def join_files(self) -> list[Path]:
        return [path / "cgroup.procs" for path in self.directories()]

    def limit_cpu(self, cores: float | None) -> None:
        quota = "max" if cores is None else str(round(cores * CPU_PERIOD_US))
        write(self.path / "cpu.max", f"{quota} {CPU_PERIOD_US}")

    def limit_memory(self, size_bytes: int) -> None:
        write(self.path / "memory.max", str(size_bytes))
        with contextlib.suppress(OSError):  # absent without swap accounting
            write(self.path / "memory.swap.max", "0")

    def limit_disk(self, limit: DiskLimit) -> None:
        write(
            self.path / "io.max",
            f"{limit.device} rbps={limit.read_bytes_s} wbps={limit.write_bytes_s} "
            f"riops={limit.read_iops} wiops={limit.write_iops}",
        )

    def counters(self) -> Counters:
        cpu = read_table(self.path / "cpu.stat")
        io = self._io()
        usage = cpu.get("usage_usec")
        return Counters(
            cpu_s=None if usage is None else usage / 1e6,
            periods=cpu.get("nr_periods"),
            periods_throttled=cpu.get("nr_throttled"),
            memory_bytes=self._memory_bytes(),
            disk_read_ops=io.get("rios"),
            disk_write_ops=io.get("wios"),
            disk_read_bytes=io.get("rbytes"),
            disk_write_bytes=io.get("wbytes"),
        )

    def _memory_bytes(self) -> int | None:
        try:
            usage = int((self.path / "memory.current").read_text(encoding="ascii"))
        except OSError:
            return None
        table = read_table(self.path / "memory.stat")
        return max(usage - table.get("active_file", 0) - table.get("inactive_file", 0), 0)

    def _io(self) -> dict[str, int]:
        """Sum over devices of the lines ``254:0 rbytes=1 wbytes=2 rios=3 wios=4 ...``; zeros before the first one."""
        try:
            lines = (self.path / "io.stat").read_text(encoding="ascii").splitlines()
        except OSError:
            return {}
        total = dict.fromkeys(("rbytes", "wbytes", "rios", "wios"), 0)
        for pair in (word for line in lines for word in line.split()[1:]):
            key, _, value = pair.partition("=")
            if key in total:
                total[key] += int(value)
        return total

    def pids(self) -> set[int]:
        return pids_below(self.path)

    def freeze(self) -> bool:
        file = self.path / "cgroup.freeze"
        if not file.exists():
            return False
        write(file, "1")
        return wait_for(self.path / "cgroup.events", "frozen 1")

    def thaw(self) -> None:
        for file in self.path.glob("**/cgroup.freeze"):  # a child may have been frozen on its own
            write(file, "0")

    def remove(self) -> bool:
        with contextlib.suppress(OSError):  # Linux 5.14; older kernels: the caller has killed the members one by one
            if (self.path / "cgroup.kill").exists():
                write(self.path / "cgroup.kill", "1")
        return all(remove_below(path) for path in self.directories())
