"""Objects' bytes over plain HTTP: the JSON API's media download, on pooled connections.

https://cloud.google.com/storage/docs/json_api/v1/objects/get with ``alt=media``. What google-cloud-storage promises of
a download holds here too: credentials are renewed, errors are its own (so its retry policy takes them), a body that was
cut short or does not match the CRC-32C of the object is no answer, and an object stored with ``Content-Encoding: gzip``
comes out unpacked.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import certifi
import google_crc32c
import urllib3
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import NewConnectionError, ProtocolError

CONNECTIONS = 64  # of one process to the object store; more threads than this wait for a free one
TIMEOUT_S = 60.0  # without a byte of an answer; the same as google-cloud-storage's
_CRC32C = re.compile(r"\bcrc32c=([A-Za-z0-9+/=]+)")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Part(NamedTuple):
    """Bytes of an object, and which object they are of."""

    data: bytes
    size: int  # of the whole object, bytes
    generation: str | None  # changes whenever the object is overwritten


class Media:
    """Downloads of one process; safe to use from many threads, not across a fork."""

    def __init__(self, endpoint: str, credentials: Any) -> None:
        from google.auth.credentials import AnonymousCredentials

        options: dict[str, Any] = {"maxsize": CONNECTIONS, "block": True, "timeout": urllib3.Timeout(TIMEOUT_S)}
        if endpoint.startswith("https:"):
            options["ca_certs"] = certifi.where()
        self._endpoint = endpoint
        self._open: Callable[..., urllib3.BaseHTTPResponse]
        if proxy := select_proxy(endpoint, get_environ_proxies(endpoint)):
            self._open, self._base = urllib3.ProxyManager(proxy, **options).urlopen, endpoint
        else:  # the pool itself, which spares a manager's parsing of every URL
            self._open, self._base = urllib3.connection_from_url(endpoint, **options).urlopen, ""
        self._credentials = None if isinstance(credentials, AnonymousCredentials) else credentials

    def get(
        self, bucket: str, name: str, begin: int = 0, length: int | None = None, generation: str | None = None
    ) -> Part:
        """``length`` bytes of an object from ``begin`` on, fewer at its end; None: all of it.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: the store refused; its own message in it.
            urllib3.exceptions.HTTPError: no answer, or a damaged one.
        """
        path = f"/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
        if generation:
            path += f"&generation={generation}"
        headers = {"Accept-Encoding": "gzip", "User-Agent": "bakeoff"}
        if begin or length is not None:
            headers["Range"] = f"bytes={begin}-" if length is None else f"bytes={begin}-{begin + length - 1}"
        answer = self._send(path, headers)
        if answer.status == 416 and begin == 0:  # no byte to give: the object is empty
            return Part(b"", 0, answer.headers.get("X-Goog-Generation"))
        if answer.status not in (200, 206):
            from google.api_core.exceptions import from_http_status

            said = answer.data[:500].decode("utf-8", "replace").strip()
            raise from_http_status(answer.status, f"HTTP {answer.status} {answer.reason or ''}: {said}")  # type: ignore[no-untyped-call]
        data, total = answer.data, len(answer.data)
        if answer.status == 206 and (span := _RANGE.match(answer.headers.get("Content-Range", ""))):
            total = int(span[3])
        if len(data) == total:
            _verify(data, answer.headers.get("X-Goog-Hash", ""), name)
        if answer.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
            total = len(data)
        return Part(data, total, answer.headers.get("X-Goog-Generation"))

    def _send(self, path: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        for first in (True, False):
            if self._credentials is not None:
                from google.auth.transport.requests import Request

                self._credentials.before_request(Request(), "GET", self._endpoint + path, headers)
            try:
                answer = self._open(
                    "GET", self._base + path, headers=headers, retries=False, redirect=False, decode_content=False
                )
            except NewConnectionError as error:  # which the client's retry policy knows under this name
                raise ConnectionError(str(error)) from error
            if answer.status != 401 or self._credentials is None or not first:
                return answer
            self._credentials.refresh(Request())  # revoked before it expired
        raise AssertionError("unreachable")


def _verify(data: bytes, hashes: str, name: str) -> None:
    """Compare with the checksum that the store keeps of the object, as stored.

    Raises:
        ProtocolError: it differs; another try may bring the right bytes.
    """
    told = _CRC32C.search(hashes)
    if told and base64.b64decode(told[1]) != google_crc32c.value(data).to_bytes(4, "big"):
        raise ProtocolError(f"{name}: {len(data)} bytes came that do not match the object's CRC-32C")
