"""A metadata server, as every node of Google's has one: names, attributes and tokens of the node's service account."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FakeMetadata:
    """What the node is told; ``tokens`` counts those that were given."""

    instance: str
    attributes: dict[str, str]
    expires_in_s: int = 3600
    tokens: int = 0
    address: str = field(default="", init=False)  # host:port

    def answer(self, path: str) -> str | None:
        if path == "instance/name":
            return self.instance
        if path == "instance/service-accounts/default/token":
            self.tokens += 1
            return json.dumps({"access_token": f"token-{self.tokens}", "expires_in": self.expires_in_s})
        return self.attributes.get(path.removeprefix("instance/attributes/"))


@contextmanager
def serve_metadata(fake: FakeMetadata) -> Iterator[FakeMetadata]:
    """Serve it until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = fake.answer(self.path.removeprefix("/computeMetadata/v1/"))
            given = self.headers.get("Metadata-Flavor") == "Google"
            self.send_response(403 if not given else 404 if found is None else 200)
            self.end_headers()
            self.wfile.write((found or "").encode() if given else b"")

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.address = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
