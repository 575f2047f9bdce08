"""What keeps nodes apart on this host: found out by trying and undoing, never by guessing from versions."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from infra.base.errors import BakeoffError
from infra.targets.local import disk, network
from infra.targets.local.cgroup import ROOT, Cgroup, DiskLimit, open_cgroup
from infra.targets.local.sizing import MIB
from infra.targets.local.spec import NodeSpec, node_specs
from workloads.record import Isolation

_CLONE_NEWNET = 0x40000000
_NO_ROOT = "network, CPU, memory and disk need root. Cure: run bakeoff as root (sudo)"


def none(reason: str) -> Isolation:
    """No isolation at all, and why."""
    return Isolation(mode="none", cpu=None, memory=None, network=None, disk=None, missing=[reason])


def detect(path: Path, cgroup_root: Path = ROOT, trial: str | None = None) -> Isolation:
    """What this host can do for a lease whose files lie below ``path``. Leaves nothing behind; takes ~0.3 s.

    Without a network of its own for each node the mode is ``none``; a missing cgroup controller leaves the mode and is
    named in ``missing``. ``trial`` is the lease id under which things are tried, so that a kill right now can be cleaned up.
    """
    trial = trial or trial_id()
    if os.geteuid() != 0:
        return none(f"Nodes are not isolated: {_NO_ROOT}.")
    for program, package in (("ip", "iproute2"), ("tc", "iproute2"), ("nsenter", "util-linux")):
        if shutil.which(program) is None:
            return none(f"Nodes are not isolated: '{program}' is not on the PATH. Cure: apt-get install {package}.")
    problem = _try_network(trial)
    if problem:
        return none(f"Nodes are not isolated: {problem}.")
    missing: list[str] = []
    group = open_cgroup(f"bakeoff-{trial}/m", cgroup_root)
    if group is None:
        missing.append(
            f"CPU, memory and disk are not limited: {cgroup_root} has no cgroup controllers. Cure: mount cgroup2 there."
        )
        return Isolation(mode="namespaces", cpu=None, memory=None, network="netns+tbf", disk=None, missing=missing)
    try:
        return _try_cgroup(group, path)
    finally:
        group.remove()
        parent = open_cgroup(group.name.split("/")[0], cgroup_root)
        if parent is not None:
            parent.remove()


def trial_id() -> str:
    """Shaped like a lease's id, so that ``clean`` would find what a kill right now leaves."""
    return "z" + secrets.token_hex(3)[:5]


def _try_cgroup(group: Cgroup, path: Path) -> Isolation:
    missing: list[str] = []
    try:
        group.create()
    except OSError as error:
        missing.append(
            f"CPU, memory and disk are not limited: a cgroup could not be made ({error}). "
            "Cure: run where /sys/fs/cgroup is writable (a container needs --privileged)."
        )
        return Isolation(mode="namespaces", cpu=None, memory=None, network="netns+tbf", disk=None, missing=missing)

    def attempt(what: str, controller: str, action: Callable[[], None], cure: str) -> str | None:
        why = f"the {controller} controller is missing"
        if controller in group.controllers:
            try:
                action()
                return group.version
            except (OSError, disk.NoBlockDevice) as error:
                why = str(error)
        missing.append(f"{what} is not limited: {why}. Cure: {cure}.")
        return None

    def limit_disk() -> None:
        device = str(disk.block_device(path))
        group.limit_disk(DiskLimit(device, MIB, MIB, 100, 100))

    cpu = attempt("CPU", "cpu", lambda: group.limit_cpu(0.5), "a kernel with CONFIG_CFS_BANDWIDTH")
    memory = attempt("Memory", "memory", lambda: group.limit_memory(64 * MIB), "boot with cgroup_enable=memory")
    throttle = attempt(
        "Disk", "disk", limit_disk, "put the runs folder (BAKEOFF_RUNS) on a file system on a disk (ext4, xfs), "
        "on a kernel with CONFIG_BLK_DEV_THROTTLING",
    )  # fmt: skip
    if throttle == "cgroup-v1":
        missing.append(
            "Buffered writes are neither held to the disk's write limit nor counted: cgroup v1 cannot tell whose "
            "write-back it is. Cure: boot with systemd.unified_cgroup_hierarchy=1."
        )
    if "freezer" not in group.controllers:
        missing.append("Idle clusters are stopped by signal: the freezer controller is missing. Cure: mount it.")
    return Isolation(mode="namespaces", cpu=cpu, memory=memory, network="netns+tbf", disk=throttle, missing=missing)


def _try_network(trial: str) -> str | None:
    """Two throw-away nodes on a bridge, one talks to the other; None if it works, else what does not."""
    common = {
        "lease_id": trial, "lease_dir": Path("/nonexistent"), "network_cidr": "198.18.255.0/24", "isolation": "namespaces",
        "machine_type": "-", "vcpus": 1, "memory_gb": 1, "disk_type": "-", "local_cores_per_vcpu": 1,
        "master_url": "", "master_port": 1, "master_webui_port": 1, "storage_endpoint": "", "storage_port": 1, "workers": 1,
    }  # fmt: skip
    nodes = [
        NodeSpec.model_validate({**common, "node": "m", "role": "master", "address": "198.18.255.10"}),
        NodeSpec.model_validate({**common, "node": "w-0", "role": "worker", "address": "198.18.255.20"}),
    ]
    try:
        for node in nodes:
            network.connect(node, 100_000_000)
        return _talk(nodes[0], nodes[1])
    except BakeoffError as error:
        return f"the kernel refuses a network of its own ({error})"
    finally:
        for node in nodes:
            network.disconnect(node)
        with contextlib.suppress(BakeoffError):
            network.remove_bridge_if_unused(nodes[0], store_alive=False)


def _talk(server: NodeSpec, client: NodeSpec) -> str | None:
    problems: list[str] = []

    def inside(node: NodeSpec, action: Callable[[], None]) -> None:
        def work() -> None:  # a thread has its own network namespace, and takes it along when it ends
            try:
                with (network.NAMESPACES / node.namespace).open("rb") as file:
                    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                action()
            except OSError as error:
                problems.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    listener: list[socket.socket] = []
    inside(server, lambda: listener.append(socket.create_server((server.address, 0))))
    if listener:
        port = listener[0].getsockname()[1]
        inside(client, lambda: socket.create_connection((server.address, port), timeout=2).close())
        listener[0].close()
    if not problems:
        return None
    return (
        f"two namespaces on one bridge cannot talk ({'; '.join(problems)}); a firewall drops bridged packets. "
        "Cure: sysctl -w net.bridge.bridge-nf-call-iptables=0"
    )


def with_probes(isolation: Isolation, lease_dir: Path) -> Isolation:
    """The isolation that a standing lease really has: a disk that is off its configured rate does not count as limited."""
    off = []
    for spec in node_specs(lease_dir):
        if spec.role == "store":
            continue
        probe = read_probe(spec)
        if probe is None:
            off.append(f"{spec.node} was not probed")
        elif not probe["ok"]:
            off.append(
                f"{spec.node} reads {probe['measured_read_mb_s']:.1f} MB/s and {probe['measured_read_iops']:.0f} IOPS where "
                f"{probe['configured_read_mb_s']:.1f} and {probe['configured_read_iops']:.0f} are configured"
            )
    if not off or isolation.disk is None:
        return isolation
    sentence = f"Disk does not count as limited: {'; '.join(off)}. Cure: a faster disk below the runs folder, or a quieter host."
    return isolation.model_copy(update={"disk": None, "missing": [*isolation.missing, sentence]})


def read_probe(spec: NodeSpec) -> dict[str, float] | None:
    """``probe.json`` of a node; None: not probed."""
    try:
        result = json.loads(spec.probe_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) else None
