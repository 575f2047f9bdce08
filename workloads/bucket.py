"""A store under a prefix of a Cloud Storage bucket.

Listing, writing and deleting go through google-cloud-storage. Reading, of which a job does thousands, goes through
:mod:`workloads.media`: the client needs 1.7 ms of CPU for an object of 60 kB, a pooled HTTP request a quarter of that
(``workloads/decisions/2026-11-24-reading-objects.md``).
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import IO, Any, TypeVar

from workloads.credentials import NoCredentials, default_credentials, why_invalid
from workloads.errors import NotFound, StorageError
from workloads.media import CONNECTIONS, Media, Part
from workloads.storage import GS, Entry, map_bounded

RETRY_S = 60.0  # how long a request is repeated that the object store did not answer
UPLOAD_CHUNK_BYTES = 8 << 20  # held in memory; the client's own would be 100 MiB
STREAM_CHUNK_BYTES = 1 << 20  # one ranged request of an opened object

Result = TypeVar("Result")


class Bucket:
    """A store under a prefix of a Cloud Storage bucket."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.uri = f"{GS}{bucket}/{prefix}".rstrip("/")

    def _blob(self, name: str) -> Any:
        return client().bucket(self.bucket).blob(self.prefix + name)

    def _call(self, what: str, call: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        from google.api_core.exceptions import GoogleAPIError
        from google.api_core.exceptions import NotFound as Missing
        from google.auth.exceptions import GoogleAuthError
        from google.cloud.storage.retry import DEFAULT_RETRY
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        try:
            return call(*arguments, retry=DEFAULT_RETRY.with_timeout(RETRY_S), **options)
        except Missing as error:
            raise NotFound(f"cannot {what}: it is not there{_where()}") from error
        except GoogleAuthError as error:
            raise StorageError(f"cannot {what}{_where()}: {why_invalid(error)}") from error
        except (GoogleAPIError, RequestException, HTTPError) as error:
            raise StorageError(f"cannot {what}{_where()}: {error}") from error

    def list(self) -> list[Entry]:
        def names(retry: Any) -> list[Entry]:
            blobs = client().list_blobs(
                self.bucket, prefix=self.prefix or None, fields="items(name,size),nextPageToken", retry=retry
            )
            return [Entry(blob.name.removeprefix(self.prefix), blob.size or 0) for blob in blobs]

        # An object that is called exactly like the prefix is the mark of a folder made in the web console.
        return sorted(entry for entry in self._call(f"list {self.uri}", names) if entry.name)

    def exists(self, name: str) -> bool:
        return bool(self._call(f"look up {self.uri}/{name}", self._blob(name).exists))

    def read(self, name: str) -> bytes:
        return self.part(name).data

    def part(self, name: str, begin: int = 0, length: int | None = None, generation: str | None = None) -> Part:
        """Bytes of an object, from ``begin`` on; whole ones are checked against the CRC-32C that the store keeps."""

        def get(retry: Any) -> Part:
            part: Part = retry(_media().get)(self.bucket, self.prefix + name, begin, length, generation)
            return part

        return self._call(f"read {self.uri}/{name}", get)

    def open(self, name: str) -> IO[bytes]:
        return io.BufferedReader(_Stream(self, name), STREAM_CHUNK_BYTES)

    def write(self, name: str, data: bytes | IO[bytes]) -> int:
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        size = file.seek(0, io.SEEK_END)
        options = {"size": size, "rewind": True, "content_type": "application/octet-stream"}
        blob = self._blob(name)
        blob.chunk_size = UPLOAD_CHUNK_BYTES
        self._call(f"write {self.uri}/{name}", blob.upload_from_file, file, **options)
        return size

    def delete(self, name: str) -> None:
        with suppress(NotFound):  # gone is gone
            self._call(f"delete {self.uri}/{name}", self._blob(name).delete)

    def delete_all(self) -> int:
        names = [entry.name for entry in self.list()]
        for _ in map_bounded(self.delete, names, threads=8):
            pass
        return len(names)


class _Stream(io.RawIOBase):
    """An object read piece by piece, so that memory stays bounded whatever its size.

    The next piece is on its way while the caller works on this one. All pieces are of one generation of the object.
    """

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket, self._name = bucket, name
        first = bucket.part(name, 0, STREAM_CHUNK_BYTES)
        self._size, self._generation = first.size, first.generation
        self._rest = memoryview(first.data)
        self._begin = len(first.data)  # of the piece that comes next
        self._fetcher = ThreadPoolExecutor(1, "ahead")
        self._ahead = self._fetch()

    def _fetch(self) -> Future[Part] | None:
        if self._begin >= self._size:
            return None
        arguments = (self._name, self._begin, STREAM_CHUNK_BYTES, self._generation)
        return self._fetcher.submit(self._bucket.part, *arguments)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest and self._ahead is not None:
            data = self._ahead.result().data
            self._rest = memoryview(data)
            self._begin += len(data)
            self._ahead = self._fetch()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._fetcher.shutdown(wait=False, cancel_futures=True)
        super().close()


def _where() -> str:
    host = os.environ.get("STORAGE_EMULATOR_HOST")
    return f" (object store at {host})" if host else ""


@cache
def client_of(process: int) -> Any:  # a connection must not be shared across a fork
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    if os.environ.get("STORAGE_EMULATOR_HOST"):
        made = storage.Client(project="emulated", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    else:
        try:
            credentials, project = default_credentials()
            made = storage.Client(project=project or "no-project", credentials=credentials)  # objects need none
        except NoCredentials as error:
            print(f"Only public buckets can be read. {error}", file=sys.stderr)
            made = storage.Client.create_anonymous_client()
    for scheme in ("http://", "https://"):
        made._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS, pool_block=True))
    return made


@cache
def _media_of(process: int) -> Media:
    return Media(os.environ.get("STORAGE_EMULATOR_HOST") or "https://storage.googleapis.com", client()._credentials)


_lock = threading.RLock()


def client() -> Any:
    """The google-cloud-storage client of this process. Raises CredentialsProblem where what is named cannot be used."""
    with _lock:
        return client_of(os.getpid())


def _media() -> Media:
    with _lock:
        return _media_of(os.getpid())


def forget_clients() -> None:
    """Make new clients for the next request: the object store's address or the credentials have changed."""
    with _lock:
        client_of.cache_clear()
        _media_of.cache_clear()
