"""One narrow seam over Google Cloud Storage and local folders.

A store is a place, ``gs://bucket/prefix`` or a folder; names are relative to it, with ``/`` between their parts.
Every write is atomic: a reader sees the whole object or none of it.

``STORAGE_EMULATOR_HOST`` (``http://host:port``) redirects ``gs://`` to a local object-store server, without
credentials.
"""

from __future__ import annotations

import io
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, TypeVar

from workloads.errors import ConfigError, NotFound, StorageError

GS = "gs://"
CONNECTIONS = 32  # of one process to the object store; more threads than this wait for a free one
RETRY_S = 60.0  # how long the client repeats a request that the object store did not answer
STREAM_CHUNK_BYTES = 1 << 20  # one ranged request of an opened object
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
            return (self.path / name).open("rb")
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


class Bucket:
    """A store under a prefix of a Cloud Storage bucket."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.uri = f"{GS}{bucket}/{prefix}".rstrip("/")

    def _blob(self, name: str) -> Any:
        return _client().bucket(self.bucket).blob(self.prefix + name)

    def _call(self, what: str, call: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        from google.api_core.exceptions import GoogleAPIError
        from google.api_core.exceptions import NotFound as Missing
        from google.cloud.storage.retry import DEFAULT_RETRY
        from requests import RequestException

        try:
            return call(*arguments, retry=DEFAULT_RETRY.with_timeout(RETRY_S), **options)
        except Missing as error:
            raise NotFound(f"cannot {what}: it is not there{_where()}") from error
        except (GoogleAPIError, RequestException) as error:
            raise StorageError(f"cannot {what}{_where()}: {error}") from error

    def list(self) -> list[Entry]:
        def names(retry: Any) -> list[Entry]:
            blobs = _client().list_blobs(
                self.bucket, prefix=self.prefix or None, fields="items(name,size),nextPageToken", retry=retry
            )
            return [Entry(blob.name.removeprefix(self.prefix), blob.size or 0) for blob in blobs]

        # An object that is called exactly like the prefix is the mark of a folder made in the web console.
        return sorted(entry for entry in self._call(f"list {self.uri}", names) if entry.name)

    def exists(self, name: str) -> bool:
        return bool(self._call(f"look up {self.uri}/{name}", self._blob(name).exists))

    def read(self, name: str) -> bytes:
        return bytes(self._call(f"read {self.uri}/{name}", self._blob(name).download_as_bytes))

    def open(self, name: str) -> IO[bytes]:
        return io.BufferedReader(_Ranges(self, name), STREAM_CHUNK_BYTES)

    def write(self, name: str, data: bytes | IO[bytes]) -> int:
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        size = file.seek(0, io.SEEK_END)
        options = {"size": size, "rewind": True, "content_type": "application/octet-stream"}
        self._call(f"write {self.uri}/{name}", self._blob(name).upload_from_file, file, **options)
        return size

    def delete(self, name: str) -> None:
        with suppress(NotFound):  # gone is gone
            self._call(f"delete {self.uri}/{name}", self._blob(name).delete)

    def delete_all(self) -> int:
        names = [entry.name for entry in self.list()]
        for _ in map_bounded(self.delete, names, threads=8):
            pass
        return len(names)


class _Ranges(io.RawIOBase):
    """An object read piece by piece, so that memory stays bounded whatever its size."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket, self._name, self._position = bucket, name, 0
        self._blob = bucket._blob(name)
        bucket._call(f"read {bucket.uri}/{name}", self._blob.reload)  # its size, and the generation to stay on

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        end = min(self._position + len(buffer), self._blob.size)
        if end <= self._position:
            return 0
        what = f"read {self._bucket.uri}/{self._name}"
        span = {"start": self._position, "end": end - 1, "if_generation_match": self._blob.generation}
        data = self._bucket._call(what, self._blob.download_as_bytes, checksum=None, **span)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _where() -> str:
    host = os.environ.get("STORAGE_EMULATOR_HOST")
    return f" (object store at {host})" if host else ""


@cache
def _client_of(process: int) -> Any:  # a connection must not be shared across a fork
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import DefaultCredentialsError
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    if os.environ.get("STORAGE_EMULATOR_HOST"):
        client = storage.Client(project="emulated", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    else:
        try:
            client = storage.Client()
        except DefaultCredentialsError:  # enough for public buckets; others say that access is denied
            client = storage.Client.create_anonymous_client()
    for scheme in ("http://", "https://"):
        client._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS, pool_block=True))
    return client


_client_lock = threading.Lock()


def _client() -> Any:
    with _client_lock:
        return _client_of(os.getpid())


def map_bounded(function: Callable[[Item], Result], items: Iterable[Item], *, threads: int) -> Iterator[Result]:
    """The results in the order of the items, computed by threads, at most ``threads`` of them in flight or waiting.

    The bound is what keeps memory flat: no more than ``threads`` results exist that the caller has not taken.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                if len(waiting) == threads:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(function, item))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
