"""Processes: is one, known by id and start, still alive; and may one outlive its parent? Standard library only."""

from __future__ import annotations

import ctypes
import signal

from infra.base.marks import start_ticks


def alive(pid: int, ticks: int | None) -> bool:
    """True while the very process lives. Clock ticks since boot: neither a reused id nor a corrected clock deceives."""
    return ticks is not None and ticks > 0 and start_ticks(pid) == ticks


def die_with_parent() -> None:
    """The kernel kills this process when the thread that started it ends. Survives exec; fit for ``preexec_fn``."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, linux/prctl.h
