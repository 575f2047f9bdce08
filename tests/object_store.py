"""A real object-store server for a block of code."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.store import binary
from infra.processes import die_with_parent
from workloads.bucket import forget_clients


@contextmanager
def object_store_server(folder: Path) -> Iterator[str]:
    """Address of a fake-gcs-server; STORAGE_EMULATOR_HOST points at it meanwhile. Its log goes to ``folder``."""
    with serving(folder) as address, pointed_at(address):
        yield address


@contextmanager
def pointed_at(address: str) -> Iterator[None]:
    """Within, gs:// is the server at that address, for this process and what it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", address)
        forget_clients()
        try:
            yield
        finally:
            forget_clients()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A fake-gcs-server, by its address."""
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
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call; a test run that is killed leaves no server
        )
    try:
        _wait_for(f"{address}/storage/v1/b?project=any", server, log)
        yield address
    finally:
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
