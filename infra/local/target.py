"""The local target as the rest of infra sees it: what this host can give, and what may be done with a lease on it."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import json
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import SetupError, UsageError
from infra.local import class_archive, disk, freezer, isolation, launch, marks, node, sizing
from infra.local.spec import NodeSpec, specs_of
from infra.local.state import NodeState
from infra.locks import host_lock
from infra.paths import CACHE_DIR, PROJECT_DIR, leases_dir
from infra.progress import Progress
from workloads.record import Isolation, NodeLimits, Scenario

if TYPE_CHECKING:
    from infra.lease import Lease

NETWORKS = {"namespaces": "10.77", "none": "127.77"}  # first two bytes; the third is the lease's
STORE_STOP_S = 5.0


def python() -> str:
    """The interpreter for everything that runs on a node: this one."""
    return sys.executable


def prepare(progress: Progress) -> None:
    """What is made once per checkout and speeds up every start of Spark."""
    if not class_archive.archive_path(CACHE_DIR).exists():
        progress.stage("preparing Spark's classes (once per checkout, about half a minute)")
        class_archive.ensure_class_archive(CACHE_DIR)


@functools.cache
def capabilities(runs_dir: Path) -> Isolation:
    """What this host can isolate, for files below ``runs_dir``; found out by trying, once per process.

    What is tried bears the name of a lease directory that exists meanwhile, so that ``clean`` finds it after a kill.
    """
    trial = isolation.trial_id()
    directory = leases_dir(runs_dir) / trial
    with host_lock("allocate", timeout_s=60):  # clean looks under this lock: it takes no trial under way for an orphan
        directory.mkdir(parents=True)
        try:
            return isolation.detect(directory, trial=trial)
        finally:
            directory.rmdir()


def isolation_for(asked: str, runs_dir: Path) -> Isolation:
    """The isolation that a new lease gets for what was asked (``auto``: the best there is).

    Raises:
        SetupError: namespaces were asked for, and this host cannot make them.
    """
    if asked == "none":
        return isolation.none(
            "The nodes ran as plain processes, as was asked for (--isolation none): no limits, and no counters of their own "
            "for network and disk."
        )
    found = capabilities(runs_dir)
    if asked == "namespaces" and found.mode != "namespaces":
        raise SetupError("Isolation is not to be had here: " + " ".join(found.missing))
    return found


def check_fits(scenarios: list[Scenario], share: float, standing: Lease | None = None) -> None:
    """Refuse shapes that this host's memory cannot hold together.

    Raises:
        UsageError: with the numbers, and the cure.
    """
    needed = {s.name: sizing.memory_needed_mb(s, share) for s in scenarios}
    available = sizing.memory_available_mb()
    if standing is not None:  # what its nodes hold is given back first
        available = min(available + sizing.memory_needed_mb(standing.scenario, share), sizing.memory_total_mb())
    if sum(needed.values()) > available:
        parts = ", ".join(f"{name} {mb} MB" for name, mb in needed.items())
        raise UsageError(
            f"Not enough memory on this host: needed {sum(needed.values())} MB ({parts}: each node's memory x {share:g}, at "
            f"least {sizing.MEMORY_FLOOR_GIB:g} GiB), available {available} MB. Close programs, destroy other clusters"
            + (
                ', run fewer scenarios at a time (repeat_level = "lease" holds one at a time),'
                if len(scenarios) > 1
                else ","
            )
            + " or lower --local-cores-per-vcpu."
        )


def free_network(mode: str, taken: set[str]) -> str:
    """A /24 for a new lease that no other lease, link or route of this host uses.

    Raises:
        SetupError: all 254 are in use.
    """
    used = {ipaddress.ip_network(t) for t in taken} | set(_routed())
    numbers = random.sample(range(1, 255), 254)
    for number in numbers:
        candidate = ipaddress.ip_network(f"{NETWORKS[mode]}.{number}.0/24")
        if not any(candidate.overlaps(other) for other in used):
            return str(candidate)
    raise SetupError(f"Every network of {NETWORKS[mode]}.0.0/16 is in use on this host. Cure: bakeoff clean --yes.")


def _routed() -> Iterator[ipaddress.IPv4Network]:
    """Destinations of the host's routes but the default one, from /proc/net/route (little-endian hexadecimal)."""
    for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        destination, mask = (int.from_bytes(bytes.fromhex(fields[i])[::-1], "big") for i in (1, 7))
        if mask:
            yield ipaddress.IPv4Network((destination, bin(mask).count("1")))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("", 0))
        return [listener.getsockname()[1] for listener in sockets]


def dead_nodes(lease: Lease) -> list[str]:
    """Nodes (store, m, w-0, ...) that were started and are not usable any more."""
    return [spec.node for spec in specs_of(lease.directory) if node.health(spec)]


@contextlib.contextmanager
def alone(lease: Lease, others: list[Lease]) -> Iterator[None]:
    """Within, the lease is awake and the others are frozen; idle daemons would share the host's cores with the measured ones."""
    freezer.thaw(lease.id)
    frozen = [other for other in others if other.id != lease.id and other.state.stage == "up"]
    try:
        for other in frozen:
            with contextlib.suppress(OSError):  # torn down just now
                freezer.freeze(other.id)
        yield
    finally:
        for other in frozen:
            with contextlib.suppress(OSError):
                freezer.thaw(other.id)


def reset(lease: Lease) -> None:
    """End what a killed client left on a standing lease: drivers and what they started, and their event logs.

    Whatever bears a node's mark and is not a daemon of the node, or its sampler, came from an attempt.
    """
    daemons = {d.pid for spec in specs_of(lease.directory) if (s := NodeState.read(spec.state_path)) for d in s.daemons}
    marks.kill_until_none(lambda: {m.pid for m in marks.marked(lease.id) if m.node} - daemons)
    for path in lease.eventlog_dir.glob("*"):
        path.unlink(missing_ok=True)


def thaw(lease: Lease) -> None:
    """Wake a lease that a killed client left frozen."""
    freezer.thaw(lease.id)


def evict(lease: Lease) -> None:
    """Every attempt begins with programs in the page cache, and the data of its nodes and of the object store out of it."""
    disk.prewarm(class_archive.runtime_files())
    disk.evict_cache([lease.directory / "store", *(spec.disk_dir for spec in specs_of(lease.directory))])


@contextlib.contextmanager
def sampler(lease: Lease, out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The sampler's process, which writes one line per node and second to ``out``; stopped on leaving."""
    command = [python(), "-m", "infra.local.sampler", "--lease-dir", str(lease.directory), "--out", str(out), "--nodes"]
    with log.open("wb") as words:
        process = subprocess.Popen(
            [*command, *lease.node_names, "--parent", str(os.getpid())],
            cwd=PROJECT_DIR,
            env={**os.environ, marks.LEASE: lease.id},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STORE_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def copy_logs(lease: Lease, logs: Path) -> None:
    """The daemons' and executors' logs as they are now, one folder per node."""
    for spec in specs_of(lease.directory):
        if spec.logs_dir.is_dir():
            shutil.copytree(spec.logs_dir, logs / spec.node, dirs_exist_ok=True)
        for path in spec.work_dir.glob("app-*/*/std*"):
            kept = logs / spec.node / "executors" / "-".join(path.relative_to(spec.work_dir).parts)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, kept)
        for path in spec.work_dir.glob("app-*"):
            shutil.rmtree(path, ignore_errors=True)


def describe(lease: Lease) -> tuple[list[NodeLimits], Isolation]:
    """What each node really had, and what kept the nodes apart."""
    specs = [spec for spec in specs_of(lease.directory) if spec.role != "store"]
    found = isolation.with_probes(lease.state.isolation, lease.directory)
    return [_limits(spec, isolation.read_probe(spec), found) for spec in specs], found


def _limits(spec: NodeSpec, probe: dict[str, float] | None, found: Isolation) -> NodeLimits:
    size = sizing.limits(spec)
    share = spec.local_cores_per_vcpu
    throttled = found.disk is not None and probe is not None
    return NodeLimits(
        node=spec.node,
        role="single" if spec.role == "single" else "master" if spec.role == "master" else "worker",
        address=spec.address,
        machine_type=spec.machine_type,
        nominal_vcpus=spec.vcpus,
        nominal_memory_gb=spec.memory_gb,
        actual_cores=size.cores if found.cpu else None,
        actual_memory_mb=size.memory_mb if found.memory else None,
        nominal_disk_read_mb_s=size.disk_read_bytes_s / share / 1e6,
        nominal_disk_read_iops=size.disk_read_iops / share,
        actual_disk_read_mb_s=size.disk_read_bytes_s / 1e6 if throttled else None,
        actual_disk_write_mb_s=size.disk_write_bytes_s / 1e6 if throttled else None,
        actual_disk_read_iops=size.disk_read_iops if throttled else None,
        actual_disk_write_iops=size.disk_write_iops if throttled else None,
        actual_network_mbit_s=size.network_bit_s / 1e6 if found.network else None,
        probed_disk_read_mb_s=probe["measured_read_mb_s"] if probe else None,
        probed_disk_read_iops=probe["measured_read_iops"] if probe else None,
    )


def read_progress(path: Path) -> tuple[int, int, str]:
    """Done, total and unit, as a job tells them; 0 of 0 where it tells nothing."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return int(told["done"]), int(told["total"]), str(told["unit"])
    except (OSError, ValueError, KeyError):
        return 0, 0, ""


last_words = launch.last_words
default_cores_per_vcpu = sizing.default_cores_per_vcpu
