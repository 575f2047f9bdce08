"""Where the CPU time of a run went, by kind of process: the profile of a side that is more than one process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import psutil


def cpu_ms(run: Callable[[], object], images: int) -> str:
    """CPU time of this process's descendants while ``run`` runs, ms an image, in words; of those that outlive it."""
    before = _cpu_s()
    run()
    after = _cpu_s()
    spent: defaultdict[str, float] = defaultdict(float)
    for (process, kind), seconds in after.items():
        spent[kind] += seconds - before.get((process, kind), 0.0)
    parts = [f"{kind} {seconds * 1000 / images:.2f}" for kind, seconds in sorted(spent.items()) if seconds > 0]
    return f"ms of CPU an image: {', '.join(parts)}"


def _cpu_s() -> dict[tuple[psutil.Process, str], float]:
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
            found[process, _kind(process.name())] = times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return found


def _kind(name: str) -> str:
    return "Python" if name.startswith(("python", "pt_main")) else {"java": "Java"}.get(name, f"object store ({name})")
