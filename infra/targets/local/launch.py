"""Start a process on a node: inside its cgroup and namespace, with its environment, detached from the caller."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infra.base import processes
from infra.targets.local import java
from infra.targets.local.cgroup import open_cgroup
from infra.targets.local.network import NAMESPACES
from infra.targets.local.spec import NodeSpec

# Joins the cgroups first, then execs: not a moment, not a byte of the program is outside. $1 = number of cgroup files
_JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 126; shift; n=$((n - 1)); done; exec "$@"'


def python() -> str:
    """The interpreter for everything that runs on a node: this one."""
    return sys.executable


def node_command(spec: NodeSpec, argv: list[str]) -> list[str]:
    """The command that runs ``argv`` on a node: in its cgroups and, other than the store, in its network namespace.

    ``nsenter`` and not ``ip netns exec``: the latter also changes what is mounted on /sys.
    """
    if not spec.isolated:
        return argv
    group = open_cgroup(spec.cgroup)
    files = [str(path) for path in group.join_files()] if group else []
    enter = [] if spec.role == "store" else ["nsenter", f"--net={NAMESPACES / spec.namespace}", "--"]
    return ["/bin/sh", "-c", _JOIN, "sh", str(len(files)), *files, *enter, *argv]


def environment(spec: NodeSpec) -> dict[str, str]:
    """Environment of everything that runs on a node; the executors' Python workers inherit it from the worker daemon."""
    return {
        **java.spark_environment(),
        processes.LEASE: spec.lease_id,
        processes.NODE: spec.node,
        "BAKEOFF_NODE_DISK": str(spec.disk_dir),
        "STORAGE_EMULATOR_HOST": spec.storage_endpoint,
        "SPARK_LOCAL_IP": spec.address,
        "SPARK_LOCAL_HOSTNAME": spec.address,
        "SPARK_LOCAL_DIRS": str(spec.disk_dir),
        "PYSPARK_PYTHON": python(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(spec.tmp_dir),
    }


def start_daemon(spec: NodeSpec, argv: list[str], log: Path) -> int:
    """Start a daemon that outlives us; returns its process id. It keeps none of our descriptors: one would hang Terraform."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            node_command(spec, argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(spec),
            cwd=spec.node_dir,
            start_new_session=True,
            close_fds=True,
        )
    return process.pid
