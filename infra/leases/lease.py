"""A lease: one cluster from apply to destroy. Data and a directory; it knows neither targets nor Terraform.

``runs/leases/<id>/lease.json`` is written before anything is started and removed after everything is gone, so that
whatever a killed client leaves can be found and is known to be ours.
"""

from __future__ import annotations

import os
import secrets
import shutil
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from infra.base import paths
from infra.base.errors import UsageError
from infra.base.files import remove_tree
from infra.base.options import DEFAULT_TARGET
from infra.base.processes import alive, start_ticks
from workloads.record import Scenario

Stage = Literal["applying", "up", "destroying"]
State = TypeVar("State", bound=BaseModel)


class LeaseState(BaseModel):
    """``lease.json``."""

    model_config = ConfigDict(extra="ignore")  # a lease outlives a change of branch

    id: str
    scenario: Scenario
    stage: Stage
    owner_pid: int
    owner_ticks: int  # its start, in clock ticks since boot
    kept: bool  # made by `bakeoff apply`: stays up when its client ends
    experiment: str | None
    created_at: str  # ISO 8601, UTC
    expires_at: str
    target: str = DEFAULT_TARGET
    target_state: dict[str, Any]  # the target's own part, which only the target reads
    apply_s: float | None = None
    load_data_s: float | None = None
    dataset: dict[str, str | int | float | None] | None = None
    attempts: int = 0

    @model_validator(mode="before")
    @classmethod
    def _read_earlier_forms(cls, data: Any) -> Any:
        """Earlier versions kept the target's part in ``local`` or ``gcp``, and at first among the other fields."""
        if not isinstance(data, dict) or "target_state" in data:
            return data
        return {**data, "target_state": data.get("local") or data.get("gcp") or data}


class Lease:
    """One cluster and its directory."""

    def __init__(self, directory: Path, state: LeaseState) -> None:
        self.directory = directory
        self.state = state

    @property
    def id(self) -> str:
        return self.state.id

    @property
    def scenario(self) -> Scenario:
        return self.state.scenario

    @property
    def eventlog_dir(self) -> Path:
        return self.directory / "eventlog"

    @property
    def node_names(self) -> list[str]:
        """Nodes of the shape, master first, in Dataproc's naming."""
        return ["m", *(f"w-{i}" for i in range(self.scenario.workers))]

    @property
    def bucket(self) -> str:
        return f"bakeoff-{self.id}"

    @property
    def abandoned(self) -> bool:
        """True when no client looks after it any more: its owner died, or it is kept and past its expiry."""
        if self.state.kept and self.state.stage == "up":
            return datetime.fromisoformat(self.state.expires_at) < datetime.now(UTC)
        return not alive(self.state.owner_pid, self.state.owner_ticks)

    def target_state(self, model: type[State]) -> State:
        """The target's own part, as the target's model. Raises UsageError: it is not of that target."""
        try:
            return model.model_validate(self.state.target_state)
        except ValidationError as error:
            raise UsageError(f"Lease {self.id} of the target {self.state.target} holds no {model.__name__}.") from error

    def update(self, **changes: object) -> None:
        """Change fields of ``lease.json``, atomically; ``target_state`` takes a model of the target."""
        part = changes.get("target_state")
        if isinstance(part, BaseModel):
            changes["target_state"] = part.model_dump(mode="json")
        self.state = self.state.model_copy(update=changes)
        temporary = self.directory / ".lease.json.tmp"
        temporary.write_text(self.state.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(self.directory / "lease.json")

    def take_over(self, stage: Stage) -> None:
        """This process looks after the lease from now on."""
        pid = os.getpid()
        self.update(stage=stage, owner_pid=pid, owner_ticks=start_ticks(pid) or 0)


def new_id() -> str:
    """A letter and five letters or digits: fit for the names of links, clusters and labels."""
    return secrets.choice(string.ascii_lowercase) + "".join(
        secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5)
    )


def all_leases(runs_dir: Path, target: str | None = None) -> list[Lease]:
    """Leases of this runs folder, of one target or of all, oldest first; a directory without a readable lease.json is none."""
    leases = []
    for path in sorted(paths.leases_dir(runs_dir).glob("*/lease.json")):
        try:
            lease = Lease(path.parent, LeaseState.model_validate_json(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):  # another process may have removed it just now
            continue
        if target in (None, lease.state.target):
            leases.append(lease)
    return sorted(leases, key=lambda lease: lease.state.created_at)


def standing(runs_dir: Path, scenario: str, target: str = DEFAULT_TARGET) -> Lease | None:
    """The newest lease of a scenario on a target that is up and kept."""
    found = [
        lease
        for lease in all_leases(runs_dir, target)
        if lease.scenario.name == scenario and lease.state.stage == "up" and lease.state.kept
    ]
    return found[-1] if found else None


def require(runs_dir: Path, name: str) -> list[Lease]:
    """The leases that a scenario's name or a lease id stands for.

    Raises:
        UsageError: there is none; says which there are.
    """
    leases = all_leases(runs_dir)
    found = [lease for lease in leases if name in (lease.id, lease.scenario.name)]
    # By name, one means the cluster that stands or was left, not the one that another bakeoff is running on.
    found = [lease for lease in found if lease.id == name or lease.state.kept or lease.abandoned]
    if not found:
        there = ", ".join(f"{lease.scenario.name} ({lease.id})" for lease in leases) or "none"
        raise UsageError(f"No lease of '{name}' in {runs_dir}. Leases there: {there}.")
    return found


def remove_directory(directory: Path) -> None:
    """The last step of a teardown; lease.json goes last, so that an interrupted removal can be found and repeated."""
    for path in directory.glob("*"):
        if path.name != "lease.json":
            remove_tree(path)
    shutil.rmtree(directory, ignore_errors=True)


def headless(runs_dir: Path) -> list[Path]:
    """Lease directories without a readable lease.json: a client was killed while making or removing them."""
    known = {lease.directory for lease in all_leases(runs_dir)}
    return [p for p in sorted(paths.leases_dir(runs_dir).glob("*")) if p.is_dir() and p not in known]


def known(runs_dir: Path) -> list[str]:
    """Ids of all leases of a runs folder, readable or not."""
    return [lease.id for lease in all_leases(runs_dir)] + [path.name for path in headless(runs_dir)]
