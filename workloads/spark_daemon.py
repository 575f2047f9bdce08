"""Spark's Python daemon with the workload's libraries already imported.

Set ``spark.python.daemon.module=workloads.spark_daemon`` and have this package on ``spark.executorEnv.PYTHONPATH``. The
daemon imports once what each of its workers would import again, and they inherit it by fork.
"""

from __future__ import annotations

from google.cloud import storage  # noqa: F401
from pyspark import daemon

import workloads.bucket
import workloads.read_speed.readers
import workloads.shards  # noqa: F401

if __name__ == "__main__":
    daemon.manager()  # type: ignore[no-untyped-call]
