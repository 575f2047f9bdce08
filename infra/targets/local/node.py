"""Start or stop one node; Terraform's provisioners call this: ``python -m infra.targets.local.node start|stop``.

Both are idempotent. Start returns when the node is usable, or raises and leaves nothing of it running. Stop also
removes what a start that was killed halfway left, without its notes: by cgroup, namespace and environment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from infra.base import processes
from infra.base.errors import BakeoffError, Interrupted
from infra.base.logs import last_words
from infra.base.paths import CACHE_DIR
from infra.targets.local import class_archive, disk, freezer, launch, network, probe, spark, store
from infra.targets.local.cgroup import Cgroup, DiskLimit, open_cgroup
from infra.targets.local.sizing import Limits, limits
from infra.targets.local.spec import NodeSpec
from infra.targets.local.state import Daemon, NodeState

READY_TIMEOUT_S = 90.0
POLL_S = 0.05


def start(spec: NodeSpec) -> None:
    """Bring a node up: network, cgroup, disk probe, daemons; returns when they are usable. A healthy node is left alone.

    Raises:
        BakeoffError: with the last words of the daemon's log. Nothing of the node runs then.
    """
    if not health(spec):
        return
    stop(spec)
    for folder in (spec.disk_dir, spec.work_dir, spec.tmp_dir):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    spec.logs_dir.mkdir(exist_ok=True)
    (spec.lease_dir / "eventlog").mkdir(exist_ok=True)
    (spec.node_dir / "spec.json").write_text(spec.model_dump_json(indent=1) + "\n", encoding="utf-8")
    try:
        _start(spec)
    except BaseException:
        stop(spec)
        raise


def _start(spec: NodeSpec) -> None:
    size = None if spec.role == "store" else limits(spec)
    archive = class_archive.ensure_class_archive(CACHE_DIR) if size else None
    _prewarm_once(spec)
    group, throttled = _isolate(spec, size)
    if size is None:
        daemons = [_start_store(spec)]
    else:
        if group is not None and throttled:
            probe.run(spec, size)
        daemons = _start_spark(spec, size, archive)
        if group is not None and "cpu" in group.controllers:
            group.limit_cpu(size.cores)  # only now: a machine boots before it is handed over
    NodeState(daemons=daemons, limits=dataclasses.asdict(size) if size and spec.isolated else None).write(
        spec.state_path
    )


def _isolate(spec: NodeSpec, size: Limits | None) -> tuple[Cgroup | None, bool]:
    """Network and cgroup of a node, and whether its disk is throttled.

    A controller that this host lacks is passed over; ``isolation.detect`` says so.
    """
    if not spec.isolated:
        return None, False
    with network.lease_lock(spec.lease_dir):
        if size is not None:
            network.connect(spec, size.network_bit_s)
        group = open_cgroup(spec.cgroup)
        if group is None:
            return None, False
        group.create()
    if size is None:
        return group, False
    if "memory" in group.controllers:
        group.limit_memory(size.memory_bytes)
    throttled = False
    if "disk" in group.controllers:
        with contextlib.suppress(disk.NoBlockDevice):
            device = disk.block_device(spec.lease_dir)
            group.limit_disk(
                DiskLimit(
                    str(device),
                    size.disk_read_bytes_s,
                    size.disk_write_bytes_s,
                    size.disk_read_iops,
                    size.disk_write_iops,
                )
            )
            throttled = True
    return group, throttled


def _prewarm_once(spec: NodeSpec) -> None:
    """The first node of a lease does it, the others wait for it."""
    with network.lease_lock(spec.lease_dir):
        done = spec.lease_dir / ".prewarmed"
        if not done.exists():
            disk.prewarm(class_archive.runtime_files())
            done.touch()


def _start_store(spec: NodeSpec) -> Daemon:
    spec.store_dir.mkdir(parents=True, exist_ok=True)
    with network.lease_lock(spec.lease_dir):  # a bridge without a process on it is another node's to remove
        if spec.isolated:
            network.ensure_bridge(spec)
        daemon = _launch(spec, "store", store.store_command(spec))
    _wait(spec, daemon, lambda: store.answers(spec), f"no answer at http://{spec.address}:{spec.storage_port}")
    store.ensure_bucket(spec)
    return daemon


def _start_spark(spec: NodeSpec, size: Limits, archive: Path | None) -> list[Daemon]:
    daemons = []
    if spec.role in ("master", "single"):
        master = _launch(spec, "master", spark.master_command(spec, archive))
        _wait(spec, master, lambda: spark.master_status(spec) is not None, f"no answer at {spec.master_webui}")
        daemons.append(master)
    if spec.role in ("worker", "single"):
        _wait(spec, None, lambda: _port_open(spec.master_url), f"no Spark master at {spec.master_url}")
        before = spark.registered_workers(spec) or set()
        worker = _launch(spec, "worker", spark.worker_command(spec, size, archive))
        _wait(
            spec, worker, lambda: bool((spark.registered_workers(spec) or set()) - before),
            f"the worker did not register with {spec.master_url}",
        )  # fmt: skip
        daemons.append(worker)
    return daemons


def _launch(spec: NodeSpec, name: str, argv: list[str]) -> Daemon:
    pid = launch.start_daemon(spec, argv, spec.logs_dir / f"{name}.log")
    return Daemon(name=name, pid=pid, start_ticks=processes.start_ticks(pid) or 0)


def _wait(spec: NodeSpec, daemon: Daemon | None, ready: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not ready():
        dead = daemon is not None and not daemon.alive()
        if dead or time.monotonic() > deadline:
            words = f" Last words of its log:\n{last_words(spec.logs_dir / f'{daemon.name}.log')}" if daemon else ""
            why = "its process ended" if dead else f"not ready after {READY_TIMEOUT_S:.0f} s"
            raise BakeoffError(f"Node {spec.node} of lease {spec.lease_id}: {complaint}: {why}.{words}")
        time.sleep(POLL_S)


def _port_open(master_url: str) -> bool:
    host, _, port = master_url.removeprefix("spark://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def health(spec: NodeSpec) -> list[str]:
    """What is wrong with a node, one sentence each; empty: it is usable. Asks the daemons themselves, changes nothing."""
    state = NodeState.read(spec.state_path)
    if state is None:
        return [f"{spec.node}: not started"]
    problems = [f"{spec.node}: {d.name} (process {d.pid}) is dead" for d in state.daemons if not d.alive()]
    if not problems and spec.role == "store" and not store.answers(spec):
        problems.append(f"{spec.node}: the object store does not answer")
    if not problems and spec.role in ("master", "single") and spark.master_status(spec) is None:
        problems.append(f"{spec.node}: the master does not answer at {spec.master_webui}")
    if not problems and spec.role in ("worker", "single") and not spark.registered_workers(spec):
        problems.append(f"{spec.node}: its worker is not registered with {spec.master_url}")
    if spec.isolated and spec.role != "store" and not (network.LINKS / spec.veth).exists():
        problems.append(f"{spec.node}: its network interface {spec.veth} is gone")
    return problems


def stop(spec: NodeSpec) -> None:
    """Remove everything of a node but its files; the last one takes bridge and parent cgroup along.

    Raises:
        BakeoffError: a process survived SIGKILL.
    """
    group = open_cgroup(spec.cgroup) if spec.isolated else None
    freezer.thaw(spec.lease_id)  # a frozen process does not die; it may have been frozen with the whole lease

    def members() -> set[int]:
        found = {m.pid for m in processes.find_marked(spec.lease_id, spec.node)}
        found |= group.pids() if group is not None else set()
        found |= network.namespace_pids(spec.namespace) if spec.isolated and spec.role != "store" else set()
        return found - processes.self_and_ancestors()

    survivors = processes.kill_until_none(members)
    if survivors:
        raise BakeoffError(f"Node {spec.node} of lease {spec.lease_id}: processes {sorted(survivors)} survive SIGKILL.")
    spec.state_path.unlink(missing_ok=True)
    (spec.node_dir / "spec.json").unlink(missing_ok=True)  # a shape that shrank has no such node any more
    if not spec.isolated:
        return
    with network.lease_lock(spec.lease_dir):
        if spec.role != "store":
            network.disconnect(spec)
        if group is not None:
            group.remove()
            parent = open_cgroup(f"bakeoff-{spec.lease_id}")
            if parent is not None and not parent.pids() and not _has_children(parent):
                parent.remove()
        store_alive = spec.role != "store" and bool(processes.find_marked(spec.lease_id, "store"))
        network.remove_bridge_if_unused(spec, store_alive)


def _has_children(group: Cgroup) -> bool:
    return any(child.is_dir() for folder in group.directories() for child in folder.iterdir())


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends a start as Ctrl-C does: with its clean-up."""

    def interrupt(signum: int, _frame: FrameType | None) -> None:
        raise Interrupted(f"Interrupted by signal {signum}.")

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def main(arguments: list[str]) -> int:
    """``start`` or ``stop`` the node that BAKEOFF_NODE_SPEC describes."""
    actions = {"start": start, "stop": stop}
    if len(arguments) != 1 or arguments[0] not in actions:
        print(
            "usage: python -m infra.targets.local.node start|stop  (the node's spec in BAKEOFF_NODE_SPEC)",
            file=sys.stderr,
        )
        return 2
    try:
        with _interruptible():
            actions[arguments[0]](NodeSpec.from_environment())
    except (BakeoffError, Interrupted) as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
