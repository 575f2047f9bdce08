"""What the command line's flags become, and what of it a single cluster is granted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DEFAULT_TARGET = "local"
IsolationChoice = Literal["auto", "namespaces", "none"]

TARGET_FLAGS = {
    "isolation": "--isolation",
    "local_cores_per_vcpu": "--local-cores-per-vcpu",
    "max_usd": "--max-usd",
    "max_minutes": "--max-minutes",
}
"""Fields of :class:`Options` that only some targets take (``Traits.flags``), and the flags they come from."""


@dataclass(frozen=True)
class Options:
    """The user's choices for one command."""

    runs_dir: Path
    isolation: IsolationChoice = "auto"
    local_cores_per_vcpu: float | None = None  # None: the host's default
    keep: bool = False  # leave the clusters up afterwards
    one_off: bool = False  # `bakeoff run`: on the standing cluster of a scenario, where there is one, and always anew
    target: str = DEFAULT_TARGET
    max_usd: float | None = None  # hard limits, of all clusters of the command together
    max_minutes: float | None = None

    def given(self) -> set[str]:
        """Which of the fields in ``TARGET_FLAGS`` the user gave."""
        return {name for name in TARGET_FLAGS if getattr(self, name) not in (None, "auto")}


@dataclass(frozen=True)
class Grant:
    """What one new cluster gets of a command's limits, and what it is for."""

    allowed_s: float | None = None  # how long it may live; None: as long as the limits in the options say
    expected_s: float | None = None  # how long it is expected to be needed; None: not known
    packages: tuple[str, ...] = ()  # that its workloads need, besides those that all of them do


def target_option(name: str) -> str:
    """`` --target NAME`` for a command that is quoted to the user; empty for the default."""
    return "" if name == DEFAULT_TARGET else f" --target {name}"
