"""A real object-store server for a block of code."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.base.processes import die_with_parent
from infra.targets.local.store import binary
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
    server, address = _started(folder / "store.log")
    try:
        yield address
    finally:
        server.terminate()
        try:
            server.wait(60)
        finally:
            server.kill()
            server.wait()


def _started(log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server that answers, and its address. Another program may take the port before the server has it."""
    for _ in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [str(binary()), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, "-public-host", f"127.0.0.1:{port}", "-log-level", "warn"],
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call; a test run that is killed leaves no server
            )
        if _answers(f"http://127.0.0.1:{port}/storage/v1/b?project=any", server):
            return server, f"http://127.0.0.1:{port}"
        server.kill()
        server.wait()
    raise AssertionError(f"the object store does not come up: {log.read_text()}")


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Whether it does, within two minutes and its own life."""
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return server.poll() is None
        except OSError:
            time.sleep(0.05)
    return False
