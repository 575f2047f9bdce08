"""Copies of files on the node's own disk, and reads of them that really come from the disk."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from workloads.errors import ConfigError, StorageError
from workloads.storage import Folder, Store, map_bounded
from workloads.tfrecord import SUFFIX

_SAMPLE = 16  # files looked at to see whether an eviction worked
_RESIDENT_RATIO = 0.02  # of their pages may remain: one that was being written back cannot be dropped


@contextmanager
def staging_area(configured: str | None) -> Iterator[Path]:
    """A new folder on the node's own disk, removed at the end.

    Raises:
        ConfigError: nobody said where that disk is.
    """
    disk = configured or os.environ.get("BAKEOFF_NODE_DISK")
    if not disk:
        raise ConfigError("source 'staged' copies to the node's own disk: set BAKEOFF_NODE_DISK or staging_folder")
    try:
        Path(disk).mkdir(parents=True, exist_ok=True)
        area = Path(tempfile.mkdtemp(prefix="read_speed-", dir=disk))
    except OSError as error:
        raise StorageError(f"cannot stage on {disk}: {error.strerror}") from error
    try:
        yield area
    finally:
        shutil.rmtree(area, ignore_errors=True)


def stage(source: Store, names: Sequence[str], target: Path, threads: int) -> tuple[Folder, int]:
    """Copy files to the disk, flushed to the device; returns the copy and its bytes."""

    def copy(name: str) -> int:
        path = target / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                if name.endswith(SUFFIX):  # may be large: copied in pieces
                    with source.open(name) as stream:
                        shutil.copyfileobj(stream, file, 1 << 20)
                else:  # one request instead of two
                    file.write(source.read(name))
                file.flush()
                os.fsync(file.fileno())
                return file.tell()
        except OSError as error:
            raise StorageError(f"cannot stage {name} at {path}: {error.strerror}") from error

    return Folder(target), sum(map_bounded(copy, names, threads=threads))


def evict(folder: Path, names: Sequence[str]) -> bool | None:
    """Drop these files from the page cache. True: a sample of them is gone; False: it is not; None: cannot be told."""
    for name in names:
        descriptor = os.open(folder / name, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    try:
        pages = [resident_pages(folder / name) for name in names[:: max(1, len(names) // _SAMPLE)]]
    except (OSError, AttributeError):  # no mincore() here
        return None
    total = sum(of for _, of in pages)
    return sum(resident for resident, _ in pages) <= total * _RESIDENT_RATIO if total else None


def resident_pages(path: Path) -> tuple[int, int]:
    """(pages of a file that are in the page cache, pages in all), by mincore(2), which reads none of them.

    Raises:
        OSError: the kernel does not tell.
    """
    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    if not pages:
        return 0, 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as mapped:
        first = ctypes.c_char.from_buffer(mapped)
        answer = (ctypes.c_ubyte * pages)()
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(size), answer)
        del first  # the mapping cannot be closed while it is in use
        if failed:
            raise OSError(ctypes.get_errno(), "mincore", str(path))
    return sum(page & 1 for page in answer), pages
