"""How clusters are made and used, beyond what a scenario or an experiment says: what the command line's options become."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TargetName = Literal["local", "gcp", "vertex"]
IsolationChoice = Literal["auto", "namespaces", "none"]


@dataclass(frozen=True)
class Options:
    """One set for all verbs; each target reads what concerns it."""

    runs_dir: Path
    isolation: IsolationChoice = "auto"  # local only
    local_cores_per_vcpu: float | None = None  # local only; None: the host's default
    keep: bool = False  # leave the clusters up afterwards
    one_off: bool = False  # `bakeoff run`: on the standing cluster of a scenario, where there is one, and always anew
    target: TargetName = "local"
    max_usd: float | None = None  # gcp and vertex: hard limits, of all clusters of the command together
    max_minutes: float | None = None
    allowed_s: float | None = None  # what the limits leave for the next cluster; None: not asked yet
    expected_s: float | None = None  # how long the next cluster is expected to be needed
    plan_only: bool = False  # nothing is applied: the right to read is enough
    packages: tuple[str, ...] = ()  # distributions that the workloads need, besides those that all of them do
