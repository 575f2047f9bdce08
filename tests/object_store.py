"""A real object-store server for a block of code."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.store import binary


@contextmanager
def object_store_server(folder: Path) -> Iterator[str]:
    """Address of a fake-gcs-server; STORAGE_EMULATOR_HOST points at it meanwhile. Its log goes to ``folder``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}", folder / "store.log"
    command = [str(binary()), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "-public-host", f"127.0.0.1:{port}", "-log-level", "warn"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    before = os.environ.get("STORAGE_EMULATOR_HOST")
    try:
        _wait_for(f"{address}/storage/v1/b?project=any", server, log)
        os.environ["STORAGE_EMULATOR_HOST"] = address
        yield address
    finally:
        if before is None:
            os.environ.pop("STORAGE_EMULATOR_HOST", None)
        else:
            os.environ["STORAGE_EMULATOR_HOST"] = before
        server.terminate()
        server.wait(10)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"no answer from {url}: {log.read_text()}")
