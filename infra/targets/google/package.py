"""Put what a job needs into the bucket, name Spark's properties for it, and fetch what it left there."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.base.errors import UsageError
from infra.catalogue import MachineType
from infra.inputs.cells import Cell
from infra.inputs.workloads import full_settings
from infra.leases.lease import Lease
from infra.targets.google.lease import attempt_uri, lease_uri, state_of
from workloads.errors import NotFound, WorkloadError
from workloads.package import zip_bytes
from workloads.record import Scenario
from workloads.storage import open_store

DRIVER = Path(__file__).resolve().parents[3] / "workloads" / "cluster_driver.py"
YARN_RATIO = 0.8  # of a node's memory goes to YARN on Dataproc, where the cluster does not say how much
YARN_RESERVED_MB = 1280  # for the application master, which may share a node with an executor
OVERHEAD_RATIO, OVERHEAD_LEAST_MB = 0.10, 384  # Spark's own share of an executor's container
LEAST_HEAP_MB = 512  # Spark starts no executor with less than 450


@dataclass(frozen=True)
class Package:
    """What was put into the bucket for one attempt; all are URIs."""

    main: str
    workloads: str
    out: str  # the job's measurements and summary
    eventlog: str
    arguments: tuple[str, ...]


def upload(
    prefix: str,
    *,
    workload: str | None = None,
    configuration: Mapping[str, object] | None = None,
    script: Path | None = None,
    args: tuple[str, ...] = (),
) -> Package:
    """Upload an attempt's files under ``prefix`` (``gs://bucket/...``, its own): a workload's, or a script of the user's.

    Raises:
        StorageError: the bucket cannot be written.
        OSError: the script cannot be read.
    """
    store = open_store(prefix)
    zipped, driver = zip_bytes(), DRIVER.read_bytes()
    archive = f"workloads-{hashlib.sha256(zipped).hexdigest()[:12]}.zip"
    store.write(archive, zipped)
    store.write(DRIVER.name, driver)
    store.write("eventlog/.keep", b"")  # Spark does not make the folder of its event log
    out = f"{prefix}/out"
    if script is not None:
        store.write(script.name, script.read_bytes())
        arguments = (f"{prefix}/{script.name}", *args)
    elif workload is not None:
        store.write("config.json", (json.dumps(dict(configuration or {}), indent=1) + "\n").encode())
        arguments = (workload, "--config", f"{prefix}/config.json", "--out", out)
    else:
        raise ValueError("a job is a workload or a script")
    return Package(f"{prefix}/{DRIVER.name}", f"{prefix}/{archive}", out, f"{prefix}/eventlog", arguments)


def upload_cell(lease: Lease, cell: Cell, folder: Path, shape: Scenario) -> Package:
    """Put what a cell's job needs into the bucket; its configuration, which may follow from the shape, stays here, too."""
    (folder / "job").mkdir(exist_ok=True)
    if cell.script:
        return upload(attempt_uri(lease, folder), script=Path(cell.script), args=cell.args)
    images, output = state_of(lease).images_uri or f"{lease_uri(lease)}/images", f"{lease_uri(lease)}/{cell.workload}"
    chosen = full_settings(cell.workload, shape, images, output, cell.configuration)
    (folder / "job" / "config.json").write_text(json.dumps(chosen, indent=1) + "\n", encoding="utf-8")
    return upload(attempt_uri(lease, folder), workload=cell.workload, configuration=chosen)


def fetch_output(lease: Lease, folder: Path) -> list[str]:
    """Fetch the job's output and, where there is one, Spark's event log; says what is missing, and why."""
    prefix = attempt_uri(lease, folder)
    try:
        fetch(f"{prefix}/out", folder / "job")
        fetch(f"{prefix}/eventlog", lease.eventlog_dir)
    except (WorkloadError, OSError) as error:
        return [f"not all of the job's output could be read from {prefix}: {error}"]
    return []


def executor_heap_mb(machine: MachineType, yarn_mb: float | None = None) -> int | None:
    """Heap of the one executor on a node; None where the node is too small for one.

    Args:
        yarn_mb: what YARN may give away on a node, where it is known; never more than by the rule of machines.
    """
    container_mb = min(yarn_mb or math.inf, machine.memory_gb * 1024 * YARN_RATIO) - YARN_RESERVED_MB
    heap_mb = int(min(container_mb / (1 + OVERHEAD_RATIO), container_mb - OVERHEAD_LEAST_MB))
    return heap_mb if heap_mb >= LEAST_HEAP_MB else None


def spark_properties(
    machine: MachineType, executors: int, eventlog: str, yarn_mb: float | None = None
) -> dict[str, str]:
    """One executor per node with all its vCPUs, as on the local target, and what YARN has left of its memory.

    Dataproc's own defaults are two executors per node, added and removed while the job runs: what is measured would
    change under way. Source: cloud.google.com/dataproc/docs/concepts/configuring-clusters/autoscaling (dynamic allocation),
    spark.apache.org/docs/3.5.0/configuration.html (memory overhead).

    Raises:
        UsageError: the machine is too small for an executor.
    """
    heap_mb = executor_heap_mb(machine, yarn_mb)
    if heap_mb is None:
        raise UsageError(
            f"{machine.name} is too small for Spark on Dataproc: of its {machine.memory_gb:g} GB, YARN and the application "
            f"master leave less than the {LEAST_HEAP_MB} MB of an executor. Take a larger machine type."
        )
    return {
        "spark.dynamicAllocation.enabled": "false",
        "spark.executor.instances": str(executors),
        "spark.executor.cores": str(machine.vcpus),
        "spark.executor.memory": f"{heap_mb}m",
        "spark.default.parallelism": str(executors * machine.vcpus),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": eventlog,
        "spark.eventLog.compress": "false",
    }


def fetch(prefix: str, folder: Path) -> list[str]:
    """Copy every object under ``prefix`` into a folder; returns their names. Nothing there: none."""
    store = open_store(prefix)
    try:
        names = [entry.name for entry in store.list() if not entry.name.endswith(("/", ".keep"))]
    except NotFound:
        return []
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(store.read(name))
    return names
