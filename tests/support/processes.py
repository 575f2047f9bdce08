"""For tests that kill a process with all that it started."""

from __future__ import annotations

import subprocess
from contextlib import suppress

import psutil


def kill_family(process: subprocess.Popen[bytes]) -> None:
    """It first, so that it tidies nothing up; what ends by itself meanwhile is as dead as the rest."""
    if process.poll() is None:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
