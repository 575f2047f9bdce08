"""What this host can give a new lease: isolation, memory, a network, ports."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import random
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.base.errors import SetupError, UsageError
from infra.base.locks import host_lock
from infra.base.paths import leases_dir
from infra.leases.lease import Lease
from infra.targets.local import isolation, sizing
from workloads.record import Isolation, Scenario

NETWORKS = {"namespaces": "10.77", "none": "127.77"}  # first two bytes; the third is the lease's


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


def check_fits(scenarios: Sequence[Scenario], share: float, standing: Lease | None = None) -> None:
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
