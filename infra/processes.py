"""Is a process, known by id and start time, still the same one and alive?"""

from __future__ import annotations

import psutil


def start_time(pid: int) -> float | None:
    """Unix seconds at which the process began; None if there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def alive(pid: int, started: float | None) -> bool:
    """True while the very process lives: an id that was given to another process does not count."""
    now = start_time(pid)
    return now is not None and started is not None and abs(now - started) < 0.05
