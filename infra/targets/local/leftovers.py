"""What a lease left on this host, found by name and mark alone; needs no state, no notes, no lease directory.

Every search goes by the exact names (``bo-<id>-...``, ``bakeoff-<id>``) or the environment of a process
(``BAKEOFF_LEASE=<id>``). What bears neither is never touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.base import processes
from infra.base.errors import BakeoffError
from infra.base.files import remove_tree
from infra.base.processes import Marked
from infra.leases.lease import Lease
from infra.targets.base import Leftover, Sweeper
from infra.targets.local import network
from infra.targets.local.cgroup import ROOT, pids_below, remove_below, write
from infra.targets.local.freezer import thaw

Kind = Literal["namespace", "link", "cgroup", "mount", "file"]

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
    name: str  # of the link or namespace, else the path
    lease_id: str

    protected = expired = False  # what belongs to another checkout is left alone, however old

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of lease {self.lease_id}"


class LocalSweeper(Sweeper):
    """See the module."""

    def stop(self, lease_id: str, lease: Lease | None = None) -> None:
        """Wake what is frozen: it would not die."""
        thaw(lease_id)

    def find(self, lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
        return find(lease_id)

    def remove(self, item: Leftover) -> None:
        remove(item)


def remove(item: Leftover) -> None:
    """Remove one thing. Failure is no error here: whoever asks looks again with :func:`find`."""
    with contextlib.suppress(OSError, BakeoffError):
        if isinstance(item, Marked):
            thaw(item.lease_id)  # a frozen process does not die
            processes.kill_marked(item)
        elif isinstance(item, Item):
            _REMOVERS[item.kind](item)


def find(lease_id: str | None = None) -> list[Item | Marked]:
    """Everything of one lease, or of any, in the order in which it can be removed. Changes nothing."""
    found: list[Item | Marked] = [
        *processes.find_marked(),
        *_links(),
        *_namespaces(),
        *_cgroups(),
        *_mounts(),
        *_files(),
    ]
    return [item for item in found if lease_id in (None, item.lease_id)]


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


def _remove_link(item: Item) -> None:
    network.run("ip", "link", "delete", item.name)


def _remove_namespace(item: Item) -> None:
    survivors = processes.kill_until_none(lambda: network.namespace_pids(item.name) - processes.self_and_ancestors(), 2)
    if not survivors:
        network.remove_namespace(item.name)


def _remove_cgroup(item: Item) -> None:
    path = Path(item.name)
    thaw(item.lease_id)
    processes.kill_until_none(lambda: pids_below(path) - processes.self_and_ancestors(), 2)
    with contextlib.suppress(OSError):
        if (path / "cgroup.kill").exists():
            write(path / "cgroup.kill", "1")
    remove_below(path)


def _remove_mount(item: Item) -> None:
    network.run("umount", "-l", item.name)


def _remove_file(item: Item) -> None:
    remove_tree(Path(item.name))


_REMOVERS = {
    "link": _remove_link,
    "namespace": _remove_namespace,
    "cgroup": _remove_cgroup,
    "mount": _remove_mount,
    "file": _remove_file,
}
