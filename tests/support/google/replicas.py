"""What Vertex AI does with a custom job, done here: the command of each replica, with the bucket's objects as files."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.google.project_life import Project
from workloads.storage import open_store


def empty_archive() -> bytes:
    """The packages are those of this environment."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz"):
        pass
    return buffer.getvalue()


def run_for_real(project: Project, tmp_path: Path) -> Callable[[Any], None]:
    """What Vertex AI does with a job: runs the command of every replica, with the cluster in its environment."""

    def run(job: Any) -> None:
        pools_ = [(f"workerpool{i}", pool) for i, pool in enumerate(job.job_spec.worker_pool_specs)]
        hosts = {
            name: [f"127.0.0.{10 * n + i + 2}" for i in range(p.replica_count)] for n, (name, p) in enumerate(pools_)
        }
        ports = free_ports([host for name, _ in pools_ for host in hosts[name]])
        spec = {name: [f"{host}:{ports[host]}" for host in hosts[name]] for name, _ in pools_}
        roles = {"workerpool0": "chief", "workerpool1": "worker"}
        started, replicas = datetime.now(UTC), []
        for name, pool in pools_:
            for index in range(pool.replica_count):
                folder = tmp_path / f"{job.name.rpartition('/')[2]}-{name}-{index}"
                folder.mkdir()
                told = {v.name: v.value for v in pool.container_spec.env}
                environment = {**os.environ, **{k: mounted(v, folder) for k, v in told.items()}}
                environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
                environment |= {"TMPDIR": str(folder), "BAKEOFF_NODE_DISK": str(folder)}
                environment["CLUSTER_SPEC"] = json.dumps({"cluster": spec, "task": {"type": name, "index": index}})
                if len(spec) > 1:
                    cluster = {roles[pool_name]: addresses for pool_name, addresses in spec.items()}
                    task = {"type": roles[name], "index": index}
                    environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
                command = [*pool.container_spec.command, *pool.container_spec.args]
                replicas.append(subprocess.Popen(command, env=environment, cwd=folder))
        codes = [replica.wait(600) for replica in replicas]
        job.start_time, job.end_time = started, max(datetime.now(UTC), started + timedelta(seconds=1))
        message = "" if not any(codes) else f"The replica workerpool0-0 exited with a non-zero status of {max(codes)}."
        project.vertex.script = [("SUCCEEDED" if not any(codes) else "FAILED", message)]

    def start(job: Any) -> None:
        project.vertex.script = [("RUNNING", "")]
        threading.Thread(target=run, args=(job,), daemon=True).start()

    return start


def mounted(value: str, folder: Path) -> str:
    """A path below /gcs as a file of the replica's folder; anything else as it is."""
    if not value.startswith("/gcs/"):
        return value
    place, _, name = f"gs://{value.removeprefix('/gcs/')}".rpartition("/")
    (folder / name).write_bytes(open_store(place).read(name))
    return str(folder / name)


def free_ports(hosts: list[str]) -> dict[str, int]:
    sockets = {host: socket.create_server((host, 0)) for host in hosts}
    ports = {host: listener.getsockname()[1] for host, listener in sockets.items()}
    for listener in sockets.values():
        listener.close()
    return ports
