"""Freeze an idle cluster while another one measures, and thaw it again."""

from __future__ import annotations

import contextlib
import signal

from infra.base import processes
from infra.targets.local.cgroup import open_cgroup


def freeze(lease_id: str) -> None:
    """Stop every process of a lease's nodes where it stands. By cgroup; what is in none gets SIGSTOP.

    Daemons' time-outs are set for it (see ``spark.FROZEN_TIMEOUT_S``). The sampler, Terraform and bakeoff itself bear no
    node's mark and run on.
    """
    inside: set[int] = set()
    group = open_cgroup(f"bakeoff-{lease_id}")
    if group is not None and group.directories() and group.freeze():
        inside = group.pids()
    processes.send({m.pid for m in processes.find_marked(lease_id) if m.node is not None} - inside, signal.SIGSTOP)


def thaw(lease_id: str) -> None:
    """Let a lease's nodes run on; harmless if they do."""
    group = open_cgroup(f"bakeoff-{lease_id}")
    if group is not None and group.directories():
        with contextlib.suppress(OSError):
            group.thaw()
    processes.send({m.pid for m in processes.find_marked(lease_id) if m.node is not None}, signal.SIGCONT)
