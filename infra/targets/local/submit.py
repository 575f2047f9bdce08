"""Run a job's driver on the master node of a local cluster, inside its limits."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.base.paths import CACHE_DIR, PROJECT_DIR
from infra.base.processes import die_with_parent
from infra.base.progress import read_progress
from infra.inputs.cells import Cell
from infra.inputs.workloads import find_workload, full_settings
from infra.leases.lease import Lease
from infra.records.eventlog import TaskCount
from infra.targets.local import class_archive, java, launch
from infra.targets.local.cgroup import open_cgroup
from infra.targets.local.sizing import limits
from infra.targets.local.spark import executor_memory_mb, master_status
from infra.targets.local.spec import NodeSpec, node_specs
from workloads.package import build_zip

STOP_S = 5.0
DRIVER_HEAP_MB = 512  # Spark refuses a driver with less than 450 MiB
# Drivers, and executors that only hand bytes to Python: one collector thread, no second compiler. A script of the user's
# gets the JVM's own defaults in its executors.
FEW_CLASSES_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k")


@dataclass(frozen=True)
class Job:
    """What the driver runs: a workload of ours, or a PySpark script."""

    main: Path
    arguments: list[str]
    spark: bool
    ours: bool  # a workload of this project, whose needs are known
    progress_file: Path

    @classmethod
    def from_cell(cls, cell: Cell, lease: Lease, folder: Path) -> Job:
        """The job of a cell; its configuration and its output lie in the attempt's folder."""
        progress_file = folder / "job" / "progress.json"
        progress_file.parent.mkdir(parents=True, exist_ok=True)
        if cell.script is not None:
            return cls(Path(cell.script), list(cell.args), True, False, progress_file)
        images, output = f"gs://{lease.bucket}/images", f"gs://{lease.bucket}/{cell.workload}"
        configuration = full_settings(cell.workload, cell.scenario, images, output, cell.configuration)
        config = folder / "job" / "config.json"
        config.write_text(json.dumps(configuration, indent=1) + "\n", encoding="utf-8")
        arguments = [cell.workload, "--config", str(config), "--out", str(config.parent)]
        main = PROJECT_DIR / "workloads" / "launch.py"
        return cls(main, arguments, find_workload(cell.workload).engine == "spark", True, progress_file)


class Driver:
    """A running driver."""

    def __init__(self, process: subprocess.Popen[bytes], job: Job, lease: Lease, spec: NodeSpec) -> None:
        self._process = process
        self._job = job
        self._spec = spec
        self._tasks = TaskCount(lease.eventlog_dir)
        self._booting = job.spark and job.ours

    job_id: str | None = None  # there is no service that would name it
    flaw: str | None = None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def poll(self) -> int | None:
        """The exit code, or None while it runs. Call it a few times a second."""
        if self._booting and _registered(self._spec):
            limit_cpu(self._spec)
            self._booting = False
        return self._process.poll()

    def progress(self) -> tuple[int, int, str]:
        """Done, total and unit: what the job tells, else Spark's tasks."""
        told = read_progress(self._job.progress_file)
        return told if told[1] else (*self._tasks.poll(), "tasks")

    def cancel(self) -> None:
        """Stop it and all it started; Spark's master ends its executors."""
        for number, wait_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(wait_s)
                if number == signal.SIGKILL:
                    return


@contextlib.contextmanager
def submit(lease: Lease, cell: Cell, folder: Path) -> Iterator[Driver]:
    """Start a cell's driver; on leaving, whatever the reason, it is stopped.

    Its standard output and error go to ``driver.log``. A Spark driver boots with all the CPU there is: the node's limit
    comes into force when its application has registered with the master, seconds before the first task. So ``submit_s``
    does not scale with the shape, and everything from the first task on does. A script of the user's, which may do
    anything before it asks for Spark, has its limit from the start. The driver ends with its client.
    """
    job = Job.from_cell(cell, lease, folder)
    spec = NodeSpec.load(lease.directory / "nodes" / "m")
    command = _spark_command(lease, spec, job) if job.spark else [launch.python(), str(job.main), *job.arguments]
    environment = {
        **launch.environment(spec),
        "BAKEOFF_PROGRESS": str(job.progress_file),
        "BAKEOFF_BUCKET": lease.bucket,
        "BAKEOFF_OUT": str(job.progress_file.parent),
        "PYTHONPATH": str(build_zip(lease.directory / "workloads.zip")),
        "PYSPARK_DRIVER_PYTHON": launch.python(),
    }
    limit_cpu(spec, lifted=job.spark and job.ours)
    with (folder / "logs" / "driver.log").open("wb") as log:
        process = subprocess.Popen(
            launch.node_command(spec, command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=spec.tmp_dir,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, safe between fork and exec
        )
    driver = Driver(process, job, lease, spec)
    try:
        yield driver
    finally:
        driver.cancel()
        limit_cpu(spec)


def limit_cpu(spec: NodeSpec, *, lifted: bool = False) -> None:
    """Put the node's CPU limit in force, or lift it. Without isolation there is none."""
    group = open_cgroup(spec.cgroup) if spec.isolated else None
    if group is not None and "cpu" in group.controllers:
        group.limit_cpu(None if lifted else limits(spec).cores)


def _registered(spec: NodeSpec) -> bool:
    """True once the master knows of a running application."""
    status = master_status(spec)
    return status is not None and bool(status.get("activeapps"))


def _spark_command(lease: Lease, spec: NodeSpec, job: Job) -> list[str]:
    """``java ... SparkSubmit``, in client mode: the driver runs on the master node, within its limits."""
    archive = class_archive.ensure_class_archive(CACHE_DIR)
    package = lease.directory / "workloads.zip"
    executor_nodes = [node for node in node_specs(lease.directory) if node.role in ("worker", "single")]
    # "." is the executor's own folder in its worker's: native libraries are unpacked there, and go with it.
    executor_options = [*(FEW_CLASSES_JVM if job.ours else ()), *java.java_options(archive, Path("."))]
    conf = {
        "spark.driver.host": spec.address,
        "spark.driver.bindAddress": spec.address,
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": lease.eventlog_dir.as_uri(),
        "spark.executor.memory": f"{_executor_memory_mb(executor_nodes)}m",
        # Without it Spark counts the cores of the executors that happen to have registered so far.
        "spark.default.parallelism": str(sum(node.vcpus for node in executor_nodes)),
        "spark.executor.extraJavaOptions": " ".join(executor_options),
        "spark.executorEnv.PYTHONPATH": str(package),
        **({"spark.python.daemon.module": "workloads.spark_daemon"} if job.ours else {}),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # tasks spread over all nodes, not over the first to come
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": (spec.disk_dir / "warehouse").as_uri(),
    }
    arguments = ["--master", spec.master_url, "--deploy-mode", "client", "--py-files", str(package)]
    for key, value in conf.items():
        arguments += ["--conf", f"{key}={value}"]
    return java.java_command(
        "org.apache.spark.deploy.SparkSubmit",
        options=[f"-Xmx{DRIVER_HEAP_MB}m", *FEW_CLASSES_JVM, *java.java_options(archive, spec.tmp_dir)],
        arguments=[*arguments, str(job.main), *job.arguments],
    )


def _executor_memory_mb(nodes: list[NodeSpec]) -> int:
    """Heap of every executor: what the smallest node that runs one has to offer."""
    return min(executor_memory_mb(limits(spec), spec.vcpus, spec.role) for spec in nodes)
