"""An object store with a bad day: a proxy before the real one that refuses, delays, cuts or garbles some answers."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from workloads.bucket import forget_clients

HOP = ("connection", "transfer-encoding", "content-length", "keep-alive")


class Faults:
    """Shares of the answers that go wrong, and how many did."""

    def __init__(self, **shares: float) -> None:
        self.shares = shares  # of: refused, slow, cut, garbled
        self.done: Counter[str] = Counter()
        self.delay_s = 0.3
        self._random = random.Random(1)
        self._lock = threading.Lock()

    def next(self) -> str | None:
        with self._lock:
            drawn = self._random.random()
            for kind, share in self.shares.items():
                if drawn < share:
                    self.done[kind] += 1
                    return kind
                drawn -= share
            return None


@contextmanager
def faulty_store(address: str, faults: Faults) -> Iterator[str]:
    """Address of a proxy before the store at ``address``."""
    upstream = urlsplit(address).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = faults.next()
            if fault == "slow":
                time.sleep(faults.delay_s)
            if fault == "refused":
                self._answer(503, {"Content-Type": "text/plain"}, b"try again later")
                return
            connection = http.client.HTTPConnection(upstream)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            data, headers = answer.read(), dict(answer.getheaders())
            connection.close()
            if fault == "garbled" and data:
                data = bytes([data[0] ^ 1]) + data[1:]
            self._answer(answer.status, headers, data, cut=fault == "cut" and len(data) > 1)

        def _answer(self, status: int, headers: dict[str, str], data: bytes, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if cut else data)
            self.close_connection = self.close_connection or cut

        do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def through(monkeypatch: pytest.MonkeyPatch, address: str, faults: Faults) -> Iterator[None]:
    """Within, gs:// is the store at ``address`` on a bad day, for this process and what it starts."""
    with faulty_store(address, faults) as proxy, monkeypatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", proxy)
        forget_clients()
        try:
            yield
        finally:
            forget_clients()
