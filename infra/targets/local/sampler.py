"""Sample every node once a second: ``python -m infra.targets.local.sampler --lease-dir D --out F.jsonl --nodes m w-0``.

One JSON line per node and second with ``workloads.record.NODE_COLUMNS``. Counters become rates by the seconds that really
passed between two readings. What cannot be measured is null. Standard library only, and ends with its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from infra.base import processes
from infra.base.processes import die_with_parent
from infra.targets.local.cgroup import Counters, open_cgroup, pids_below

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS_S = os.sysconf("SC_CLK_TCK")
# our column -> the counter of the host's end of the cable, where what the node receives is sent
_NETWORK = {
    "net_rx_packets_s": "tx_packets",
    "net_tx_packets_s": "rx_packets",
    "net_rx_bytes_s": "tx_bytes",
    "net_tx_bytes_s": "rx_bytes",
}


class ProcessTotals:
    """CPU, memory and disk of the processes that belong together, summed. A counter lives on after its process."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.read_bytes = 0
        self.write_bytes = 0
        self.memory_bytes = 0
        self._last: dict[int, tuple[float, int, int]] = {}
        self._seen = False

    def update(self, pids: set[int], *, disk_only: bool = False) -> None:
        """Read each process. One that began since the last reading counts whole; one seen at the first, from then."""
        memory = 0
        now: dict[int, tuple[float, int, int]] = {}
        for pid in pids:
            reading = self._read(pid, disk_only)
            if reading is None:
                continue
            cpu_s, read, written, resident = reading
            before = self._last.get(pid) or ((0.0, 0, 0) if self._seen else (cpu_s, read, written))
            if read < before[1] or cpu_s < before[0]:  # the id was given to a new process
                before = (0.0, 0, 0)
            self.cpu_s += cpu_s - before[0]
            self.read_bytes += read - before[1]
            self.write_bytes += max(written - before[2], 0)
            memory += resident
            now[pid] = (cpu_s, read, max(written, before[2]))
        self._last, self.memory_bytes, self._seen = now, memory, True

    @staticmethod
    def _read(pid: int, disk_only: bool) -> tuple[float, int, int, int] | None:
        try:
            with open(f"/proc/{pid}/io", "rb") as file:
                io = dict(line.split(b": ") for line in file.read().splitlines())
            cpu_s, resident = 0.0, 0
            if not disk_only:
                with open(f"/proc/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_S
                with open(f"/proc/{pid}/statm", "rb") as file:
                    resident = int(file.read().split()[1]) * _PAGE
        except (OSError, ValueError):
            return None
        written = int(io[b"write_bytes"]) - int(io[b"cancelled_write_bytes"])
        return cpu_s, int(io[b"read_bytes"]), written, resident


class NodeSampler:
    """Readings of one node."""

    def __init__(self, node_dir: Path) -> None:
        spec = json.loads((node_dir / "spec.json").read_text(encoding="utf-8"))
        state = json.loads((node_dir / "state.json").read_text(encoding="utf-8"))
        self.node: str = spec["node"]
        self.role: str = spec["role"]
        self.lease_id: str = spec["lease_id"]
        limits = state["limits"] or {}
        self.cores: float | None = limits.get("cores")
        self._group = open_cgroup(f"bakeoff-{self.lease_id}/{self.node}") if spec["isolation"] == "namespaces" else None
        folders = self._group.directories() if self._group else []
        self._members = folders[0] if folders else None  # every hierarchy of version 1 has the same members
        self._statistics = f"/sys/class/net/bo-{self.lease_id}-{self.node}/statistics"
        self._totals = ProcessTotals()
        self._before: tuple[float, dict[str, float | None]] | None = None

    def sample(self, marked: dict[str, set[int]]) -> dict[str, Any] | None:
        """A row of NODE_COLUMNS; None the first time, when there is nothing to compare with."""
        now, reading = time.time(), self._read(marked)
        before, self._before = self._before, (now, reading)
        if before is None:
            return None
        elapsed = now - before[0]

        def rate(key: str) -> float | None:
            new, old = reading.get(key), before[1].get(key)
            return None if new is None or old is None else max(new - old, 0) / elapsed

        cores, periods, throttled = rate("cpu_s"), rate("periods"), rate("periods_throttled")
        ratio = None
        if periods is not None and throttled is not None:
            ratio = throttled / periods if periods else 0.0
        return {
            "ts": round(now, 3),
            "node": self.node,
            "role": self.role,
            "cpu_cores": cores,
            "cpu_ratio": None if cores is None or not self.cores else cores / self.cores,
            "cpu_throttled_ratio": ratio,
            "mem_bytes": reading.get("mem_bytes"),
            **{column: rate(column) for column in _NETWORK},
            "disk_read_ops_s": rate("disk_read_ops"),
            "disk_write_ops_s": rate("disk_write_ops"),
            "disk_read_bytes_s": rate("disk_read_bytes"),
            "disk_write_bytes_s": rate("disk_write_bytes"),
        }

    def _read(self, marked: dict[str, set[int]]) -> dict[str, float | None]:
        if self._group is None:
            self._totals.update(marked.get(self.node, set()))
            return {
                "cpu_s": self._totals.cpu_s,
                "mem_bytes": self._totals.memory_bytes,
                "disk_read_bytes": self._totals.read_bytes,
                "disk_write_bytes": self._totals.write_bytes,
            }
        counters: Counters = self._group.counters()
        written: float | None = counters.disk_write_bytes
        if written is None:  # version 1: what the processes handed to the file system, by their own counters
            self._totals.update(pids_below(self._members) if self._members else set(), disk_only=True)
            written = self._totals.write_bytes
        return {
            "cpu_s": counters.cpu_s,
            "periods": counters.periods,
            "periods_throttled": counters.periods_throttled,
            "mem_bytes": counters.memory_bytes,
            "disk_read_ops": counters.disk_read_ops,
            "disk_write_ops": counters.disk_write_ops,
            "disk_read_bytes": counters.disk_read_bytes,
            "disk_write_bytes": written,
            **{column: self._network(counter) for column, counter in _NETWORK.items()},
        }

    def _network(self, counter: str) -> int | None:
        try:
            with open(f"{self._statistics}/{counter}", "rb") as file:
                return int(file.read())
        except OSError:
            return None

    @property
    def needs_marks(self) -> bool:
        """True where a node's processes are only known by their environment."""
        return self._group is None


def run(lease_dir: Path, nodes: list[str], out: TextIO) -> None:
    """Sample at every full second until the process is ended."""
    samplers = [NodeSampler(lease_dir / "nodes" / node) for node in nodes]
    by_marks = any(sampler.needs_marks for sampler in samplers)
    lease_id = samplers[0].lease_id
    while True:
        marked: dict[str, set[int]] = {}
        if by_marks:
            for process in processes.find_marked(lease_id):
                marked.setdefault(process.node or "", set()).add(process.pid)
        rows = [row for sampler in samplers if (row := sampler.sample(marked)) is not None]
        if rows:
            out.write("".join(json.dumps(row) + "\n" for row in rows))
            out.flush()
        time.sleep(1 - time.time() % 1)


def _end_with_parent(parent: int) -> None:
    die_with_parent()
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Sample every node of a local lease once a second.")
    parser.add_argument("--lease-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, appended")
    parser.add_argument("--nodes", nargs="+", required=True)
    parser.add_argument("--parent", type=int, default=os.getppid(), help="id of the process to end with")
    arguments = parser.parse_args()
    _end_with_parent(arguments.parent)
    with arguments.out.open("a", encoding="utf-8") as out:
        run(arguments.lease_dir, arguments.nodes, out)


if __name__ == "__main__":
    main()
