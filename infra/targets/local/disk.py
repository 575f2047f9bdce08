"""The block device behind a path, and the page cache in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class BlockDevice(NamedTuple):
    """A whole disk, as the throttle wants it named."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}:{self.minor}"


class NoBlockDevice(Exception):
    """The files lie on nothing that can be throttled; the message says why."""


def block_device(
    path: Path, sys_root: Path = Path("/sys"), mountinfo: Path = Path("/proc/self/mountinfo")
) -> BlockDevice:
    """The disk that can be throttled for files in ``path``.

    A partition gives its whole disk: the kernel takes limits on whole disks only. A device-mapper volume (LVM, LUKS) is
    throttled itself. btrfs gives the device it was mounted from.

    Raises:
        NoBlockDevice: tmpfs, overlay, NFS and the like.
    """
    number = os.stat(path).st_dev
    major, minor = os.major(number), os.minor(number)
    if major == 0:
        major, minor = _of_mount(path, mountinfo)
    entry = sys_root / "dev" / "block" / f"{major}:{minor}"
    if not entry.exists():
        raise NoBlockDevice(f"{path} is on device {major}:{minor}, which {entry.parent} does not know")
    if (entry / "partition").exists():
        text = (entry.resolve().parent / "dev").read_text(encoding="ascii").strip()
        major, minor = (int(part) for part in text.split(":"))
    return BlockDevice(major, minor)


def _of_mount(path: Path, mountinfo: Path) -> tuple[int, int]:
    """The device named as the source of the mount that holds ``path`` (file systems with a device number of 0:x)."""
    best, kind, source = "", "unknown", ""
    real = str(path.resolve())
    for line in mountinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode().decode("unicode_escape")
        inside = point == "/" or real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # >=: of two mounts on one point, the later one shows
            best, (kind, source) = point, ([*right.split(), "", ""])[:2]
    try:
        number = os.stat(source).st_rdev if source.startswith("/dev/") else 0
    except OSError:
        number = 0
    if not number:
        raise NoBlockDevice(f"{path} is on {kind}, which has no disk of its own")
    return os.major(number), os.minor(number)


def evict_cache(paths: Iterable[Path]) -> None:
    """Drop files, and files in folders, from the page cache, so that the next read comes from the disk.

    Only these files: the cache of the rest of the host stays. Dirty pages are written first; they would stay otherwise.
    """
    for file in _files(paths):
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except FileNotFoundError:  # a file may go while we look
            continue
        try:
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def prewarm(paths: Iterable[Path]) -> None:
    """Read files into the page cache, so that no node is charged for them or waits for its slow disk.

    Really read: advice (WILLNEED) is done later, in part, or not at all.
    """
    buffer = bytearray(1 << 20)
    for file in _files(paths):
        try:
            with open(file, "rb", buffering=0) as stream:
                while stream.readinto(buffer):
                    pass
        except OSError:
            continue


def _files(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        if path.is_dir():
            for folder, _, names in os.walk(path):
                yield from (
                    os.path.join(folder, name) for name in names if not os.path.islink(os.path.join(folder, name))
                )
        elif path.exists():
            yield str(path)
