"""A node's network: a namespace with its own address and counters, a cable to the lease's bridge, a bandwidth limit.

iproute2 does the work (``ip``, ``tc``). Callers hold the lease's lock: Terraform starts nodes in parallel, and the
bridge belongs to whoever comes first.
"""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.base.errors import BakeoffError
from infra.targets.local.spec import NodeSpec

NAMESPACES = Path("/run/netns")
LINKS = Path("/sys/class/net")


@contextlib.contextmanager
def lease_lock(lease_dir: Path) -> Iterator[None]:
    """One process at a time changes what the nodes of a lease share. The lock goes with its holder."""
    lease_dir.mkdir(parents=True, exist_ok=True)
    with (lease_dir / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(*argv: str, stdin: str | None = None) -> str:
    """Run a short command. Raises BakeoffError with its own words."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BakeoffError(f"'{' '.join(argv)}' did not run: {error}.") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise BakeoffError(
            f"'{' '.join(argv)}' ended with {done.returncode}: {words}" + (f" (input: {stdin})" if stdin else "")
        )
    return done.stdout


def ensure_bridge(spec: NodeSpec) -> None:
    """The lease's bridge with the host's own address on it."""
    if not (LINKS / spec.bridge).exists():
        run("ip", "link", "add", spec.bridge, "type", "bridge")
    # no IPv6 addresses: their announcements would be counted as the job's packets
    lines = [
        f"link set {spec.bridge} addrgenmode none",
        f"addr replace {spec.bridge_address}/{spec.prefix_length} dev {spec.bridge}",
        f"link set {spec.bridge} up",
    ]
    run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")


def connect(spec: NodeSpec, egress_bit_s: int) -> None:
    """Namespace, cable, address and bandwidth limit of a node, made anew. What leaves the node is limited, as on GCE."""
    disconnect(spec)
    ensure_bridge(spec)
    run("ip", "netns", "add", spec.namespace)
    lines = [
        f"link add {spec.veth} type veth peer name eth0 netns {spec.namespace}",
        f"link set {spec.veth} addrgenmode none master {spec.bridge} up",
    ]
    run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
    inside = [
        "link set lo up",
        "link set eth0 addrgenmode none up",
        f"addr add {spec.address}/{spec.prefix_length} dev eth0",
    ]
    run("ip", "-n", spec.namespace, "-batch", "-", stdin="\n".join(inside) + "\n")
    limit_bandwidth(spec.namespace, egress_bit_s)


def limit_bandwidth(namespace: str, bit_s: int) -> None:
    """A token bucket on eth0 in the namespace; 10 ms of traffic may pass at once, and never less than one large packet."""
    burst = max(bit_s // 8 // 100, 2 * 65536)
    run("tc", "-n", namespace, "qdisc", "replace", "dev", "eth0", "root", "tbf",
        "rate", f"{bit_s}bit", "burst", f"{burst}b", "latency", "50ms")  # fmt: skip


def disconnect(spec: NodeSpec) -> None:
    """Remove a node's cable and namespace, also when only half of them were made."""
    if (LINKS / spec.veth).exists():
        with contextlib.suppress(BakeoffError):  # goes with its namespace, which may be dying
            run("ip", "link", "delete", spec.veth)
    remove_namespace(spec.namespace)


def remove_namespace(name: str) -> None:
    """Remove a network namespace by name; a half-made one is only a file, with nothing mounted on it."""
    path = NAMESPACES / name
    if path.exists():
        with contextlib.suppress(BakeoffError):
            run("ip", "netns", "delete", name)
        path.unlink(missing_ok=True)


def remove_bridge_if_unused(spec: NodeSpec, store_alive: bool) -> None:
    """The last one takes the bridge along. The object store listens on the bridge's address, so it counts as a user."""
    ports = LINKS / spec.bridge / "brif"
    if ports.exists() and not any(ports.iterdir()) and not store_alive:
        run("ip", "link", "delete", spec.bridge)


def namespace_pids(name: str) -> set[int]:
    """Processes that live in a network namespace."""
    path = NAMESPACES / name
    if not path.exists():
        return set()
    try:
        return {int(pid) for pid in run("ip", "netns", "pids", name).split()}
    except BakeoffError:  # half-made: a file that is no namespace
        return set()
