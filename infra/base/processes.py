"""Processes: those that bear a lease's mark in their environment, whether one lives, and how one ends.

Standard library only: the sampler imports this and runs it every second.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LEASE = "BAKEOFF_LEASE"
NODE = "BAKEOFF_NODE"


@dataclass(frozen=True)
class Marked:
    """A process that bears a lease's mark."""

    pid: int
    lease_id: str
    node: str | None
    command: str

    protected = expired = False  # as a leftover: nothing on a host has a protection or an expiry

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command} on {self.node or 'no node'}) of lease {self.lease_id}"


def pids() -> list[int]:
    """Every process of the host."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def environment(pid: int) -> dict[str, str]:
    """The environment a process began with; empty if it is gone, a zombie, or not ours to read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            data = file.read()
    except OSError:
        return {}
    if LEASE.encode() not in data:
        return {}
    pairs = (entry.split("=", 1) for entry in data.decode(errors="replace").split("\0") if "=" in entry)
    return dict(pairs)


def start_ticks(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; with the id it names one process for good."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def command(pid: int) -> str:
    """Name of the program, with Java's main class or Python's module, for people to read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode(errors="replace").split("\0")
    except OSError:
        return "?"
    name = os.path.basename(words[0]) or "?"
    if name == "java":
        return next((f"java {w.rsplit('.', 1)[1]}" for w in words[1:] if w.startswith("org.apache.spark.")), name)
    if "-m" in words:
        return f"{name} -m {words[words.index('-m') + 1]}"
    return name


def self_and_ancestors() -> set[int]:
    """Ids of this process and its ancestors, which nothing here signals."""
    family, pid = set(), os.getpid()
    while pid > 0 and pid not in family:
        family.add(pid)
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except OSError:
            break
    return family


def find_marked(lease_id: str | None = None, node: str | None = None) -> list[Marked]:
    """Live processes with a lease's mark, ourselves and our ancestors left out. None: of any lease, of any node."""
    found = []
    family = self_and_ancestors()
    for pid in pids():
        if pid in family:
            continue
        env = environment(pid)
        lease = env.get(LEASE)
        if not lease or lease_id not in (None, lease) or node not in (None, env.get(NODE)):
            continue
        if start_ticks(pid) is not None:
            found.append(Marked(pid, lease, env.get(NODE), command(pid)))
    return found


def alive(pid: int, ticks: int | None) -> bool:
    """True while the very process lives. Clock ticks since boot: neither a reused id nor a corrected clock deceives."""
    return ticks is not None and ticks > 0 and start_ticks(pid) == ticks


def die_with_parent() -> None:
    """The kernel kills this process when the thread that started it ends. Survives exec; fit for ``preexec_fn``."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, linux/prctl.h


def send(targets: Iterable[int], signum: int) -> None:
    """Signal processes; those that are gone already do not matter."""
    for pid in targets:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)


def kill_until_none(find: Callable[[], Iterable[int]], timeout_s: float = 30.0) -> set[int]:
    """SIGKILL what ``find`` returns until it returns nothing: a process may have been forking. Returns the survivors."""
    deadline = time.monotonic() + timeout_s
    while (found := set(find())) and time.monotonic() < deadline:
        send(found, signal.SIGKILL)
        time.sleep(0.02)
    return found


def kill_marked(process: Marked, timeout_s: float = 2.0) -> None:
    """SIGKILL a process that still bears its mark (the id may have been given to another one), and wait for its end."""
    if environment(process.pid).get(LEASE) != process.lease_id:
        return
    send([process.pid], signal.SIGKILL)
    deadline = time.monotonic() + timeout_s
    while start_ticks(process.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
