"""One narrow seam over Google Cloud Storage (:mod:`workloads.bucket`) and local folders.

A store is a place, ``gs://bucket/prefix`` or a folder; names are relative to it, with ``/`` between their parts.
Every write is atomic: a reader sees the whole object or none of it.

``STORAGE_EMULATOR_HOST`` (``http://host:port``) redirects ``gs://`` to a local object-store server, without
credentials.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import IO, NamedTuple, Protocol, TypeVar

from workloads.errors import ConfigError, NotFound, StorageError

GS = "gs://"
READ_BYTES = (
    64 << 10
)  # of an opened file at a time; a record of 15 kB would take two system calls at Python's own 8 KiB
_TEMPORARY = ".part-"  # marks a file that is still being written

Item = TypeVar("Item")
Result = TypeVar("Result")


class Entry(NamedTuple):
    """One object of a store. A name that ends in ``/`` is a folder with nothing in it."""

    name: str
    size_bytes: int


class Store(Protocol):
    """A place that holds named objects. Every method raises :class:`StorageError`, NotFound if the thing is missing."""

    uri: str

    def list(self) -> list[Entry]: ...
    def exists(self, name: str) -> bool: ...
    def read(self, name: str) -> bytes: ...
    def open(self, name: str) -> IO[bytes]: ...
    def write(self, name: str, data: bytes | IO[bytes]) -> int: ...
    def delete(self, name: str) -> None: ...
    def delete_all(self) -> int: ...


def open_store(uri: str) -> Store:
    """The store that a URI names: ``gs://bucket[/prefix]``, ``file:///folder`` or a folder's path."""
    if uri.startswith(GS):
        bucket, _, prefix = uri.removeprefix(GS).partition("/")
        if not bucket:
            raise ConfigError(f"a gs:// URI names a bucket, as in gs://my-bucket/images; received {uri!r}")
        from workloads.bucket import Bucket

        return Bucket(bucket, prefix.strip("/"))
    if "://" in uri and not uri.startswith("file://"):
        raise ConfigError(f"data lies in gs://bucket/prefix or in a local folder; received {uri!r}")
    if not uri.removeprefix("file://"):
        raise ConfigError("data lies in gs://bucket/prefix or in a local folder; received an empty URI")
    return Folder(Path(uri.removeprefix("file://")))


def read_uri(uri: str) -> bytes:
    """The content of one object or file."""
    parent, _, name = uri.rpartition("/")
    return open_store(parent or ("/" if uri.startswith("/") else ".")).read(name)


class Folder:
    """A store in a local folder, which need not exist before the first write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = str(path)

    def list(self) -> list[Entry]:
        if not self.path.is_dir():
            raise NotFound(f"no folder {self.path}")
        entries: list[Entry] = []
        for folder, subfolders, files in os.walk(self.path, followlinks=True):
            where = Path(folder).relative_to(self.path).as_posix()
            prefix = "" if where == "." else f"{where}/"
            if prefix and not files and not subfolders:
                entries.append(Entry(prefix, 0))
            for file in files:
                if not file.startswith(_TEMPORARY):
                    path = Path(folder, file)
                    known = path if path.exists() else None  # a link to nothing is listed; reading it names it
                    entries.append(Entry(prefix + file, known.stat().st_size if known else 0))
        return sorted(entries)

    def exists(self, name: str) -> bool:
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self.path / name).open("rb", READ_BYTES)
        except FileNotFoundError as error:
            raise NotFound(f"no file {self.path / name}") from error
        except OSError as error:
            raise StorageError(f"cannot read {self.path / name}: {error.strerror}") from error

    def write(self, name: str, data: bytes | IO[bytes]) -> int:
        target = self.path / name
        part = target.with_name(f"{_TEMPORARY}{os.getpid()}-{threading.get_ident()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("wb") as file:
                    if isinstance(data, bytes):
                        file.write(data)
                    else:
                        data.seek(0)
                        shutil.copyfileobj(data, file, 1 << 20)
                    size = file.tell()
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write {target}: {error.strerror}") from error
        return size

    def delete(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def delete_all(self) -> int:
        if not self.path.is_dir():
            return 0
        count = sum(not entry.name.endswith("/") for entry in self.list())
        shutil.rmtree(self.path)
        return count


def map_bounded(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int, pool: ThreadPoolExecutor | None = None
) -> Iterator[Result]:
    """The results in the order of the items, computed by threads, at most ``threads`` of them in flight or waiting.

    The bound is what keeps memory flat: no more than ``threads`` results exist that the caller has not taken. Who calls
    often brings a ``pool`` of that many threads.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with nullcontext(pool) if pool else ThreadPoolExecutor(threads) as workers:
        try:
            for item in items:
                if len(waiting) == threads:
                    yield waiting.popleft().result()
                waiting.append(workers.submit(function, item))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
