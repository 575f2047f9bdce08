"""Is a process, known by id and start, still the same one and alive?"""

from __future__ import annotations

from infra.local.marks import start_ticks


def alive(pid: int, ticks: int | None) -> bool:
    """True while the very process lives. Clock ticks since boot: neither a reused id nor a corrected clock deceives."""
    return ticks is not None and ticks > 0 and start_ticks(pid) == ticks
