"""An in-process HTTP server for the services that speak REST only: Compute Engine and BigQuery."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.support.google.server import Failures, Refusal

HTTP_CODES = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
}


class RestFake(Protocol):
    """A fake service: answers a request with something for JSON, or None where the path is not its own."""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[str, Callable[[Any], Any]] | None: ...


@contextmanager
def serve_rest(fakes: list[RestFake], failures: Failures) -> Iterator[str]:
    """Serve the fakes; yields ``http://host:port``."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            url = urlsplit(self.path)
            path, body = (
                url.path,
                {**dict(parse_qsl(url.query)), **(json.loads(self.rfile.read(length)) if length else {})},
            )
            found = next((a for fake in fakes if (a := fake.answer(self.command, path, body))), None)
            if found is None:
                self._send(404, {"error": {"code": 404, "message": f"no such path: {self.command} {path}"}})
                return
            try:
                self._send(200, failures.serve(found[0], found[1], body))
            except Refusal as refusal:
                code = HTTP_CODES[refusal.code]
                reasons = [{"reason": refusal.reason, "message": refusal.words}] if refusal.reason else []
                self._send(code, {"error": {"code": code, "message": refusal.words, "errors": reasons}})

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the names that http.server looks for

        def _send(self, code: int, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
