"""Spark standalone's daemons: how a master and a worker are started, and how much memory an executor gets."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from infra.targets.local import java
from infra.targets.local.sizing import Limits
from infra.targets.local.spec import NodeSpec, Role

MASTER_CLASS = "org.apache.spark.deploy.master.Master"
WORKER_CLASS = "org.apache.spark.deploy.worker.Worker"

# Memory (MiB) that is not the executor's heap. Resident sizes seen after a job, rounded up.
DAEMON_MB = 160  # a master or worker daemon, heap of 128 MiB at most
DRIVER_MB = 640  # the driver's JVM and its Python process, where they share the node with the executor
PYTHON_WORKER_MB = 90  # one per core: numpy, Pillow and the storage client imported
EXECUTOR_OVERHEAD_MB = 140  # metaspace, code cache, thread stacks, network buffers
EXECUTOR_OVERHEAD_RATIO = 0.1
# Spark refuses an executor that sees less than 450 MiB (1.5 x its 300 MiB of reserved memory), and one with the serial
# collector sees less than its heap, since one survivor space is never in use: 435 of 450 MiB, 464 of 480 MiB.
EXECUTOR_FLOOR_MB = 480

# A frozen cluster must still be whole when it is thawed, hours later
FROZEN_TIMEOUT_S = 7 * 24 * 3600


def executor_memory_mb(limits: Limits, vcpus: int, role: Role = "worker") -> int:
    """Heap (MiB) of the one executor on a node: what the limit leaves beside daemons, Python workers and overhead."""
    beside = DAEMON_MB + vcpus * PYTHON_WORKER_MB + EXECUTOR_OVERHEAD_MB
    if role == "single":
        beside += DAEMON_MB + DRIVER_MB
    return max(EXECUTOR_FLOOR_MB, int((limits.memory_mb - beside) / (1 + EXECUTOR_OVERHEAD_RATIO)))


def _daemon_options(spec: NodeSpec, archive: Path | None) -> list[str]:
    return [
        "-Xmx128m",
        "-Xss512k",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # a daemon that idles: the optimising compiler would only cost memory and time
        "-XX:ReservedCodeCacheSize=48m",
        *java.java_options(archive, spec.tmp_dir),
        f"-Dspark.worker.timeout={FROZEN_TIMEOUT_S}",
        f"-Dspark.network.timeout={FROZEN_TIMEOUT_S}s",
        "-Dspark.worker.cleanup.enabled=false",
        "-Dspark.master.rest.enabled=false",
        "-Dspark.ui.killEnabled=false",
    ]


def master_command(spec: NodeSpec, archive: Path | None) -> list[str]:
    """``java ... Master`` listening on the node's address."""
    return java.java_command(
        MASTER_CLASS,
        options=_daemon_options(spec, archive),
        arguments=[
            "--host", spec.address, "--port", str(spec.master_port), "--webui-port", str(spec.master_webui_port),
        ],
    )  # fmt: skip


def worker_command(spec: NodeSpec, limits: Limits, archive: Path | None) -> list[str]:
    """``java ... Worker`` that offers the node's vCPUs and one executor's memory, on ports of the kernel's choice."""
    return java.java_command(
        WORKER_CLASS,
        options=_daemon_options(spec, archive),
        arguments=[
            "--host", spec.address, "--port", "0", "--webui-port", "0", "--cores", str(spec.vcpus),
            "--memory", f"{executor_memory_mb(limits, spec.vcpus, spec.role)}m", "--work-dir", str(spec.work_dir),
            spec.master_url,
        ],
    )  # fmt: skip


def get(url: str, timeout_s: float = 2.0) -> bytes | None:
    """Body of a page; None if nobody answers yet. Never through a proxy: the addresses are this host's own."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as answer:
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError, ValueError):
        return None


def master_status(spec: NodeSpec) -> dict[str, Any] | None:
    """The master's own account of its cluster (``/json``); None if it does not answer."""
    body = get(f"{spec.master_webui}/json/")
    try:
        status = json.loads(body) if body else None
    except ValueError:
        return None
    return status if isinstance(status, dict) else None


def registered_workers(spec: NodeSpec) -> set[str] | None:
    """Ids of the live workers that have this node's address; None if the master does not answer."""
    status = master_status(spec)
    if status is None:
        return None
    return {w["id"] for w in status.get("workers", []) if w.get("host") == spec.address and w.get("state") == "ALIVE"}
