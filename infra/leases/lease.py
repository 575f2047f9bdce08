"""A lease: one cluster from apply to destroy, with its own directory, Terraform root and state.

``runs/leases/<id>/lease.json`` is written before anything is started and removed after everything is gone, so that
whatever a killed client leaves can be found and is known to be ours.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import string
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from infra.base import paths
from infra.base.errors import TerraformError, UsageError
from infra.base.locks import host_lock
from infra.base.marks import start_ticks
from infra.base.options import Options, TargetName
from infra.base.processes import alive
from infra.base.progress import Progress
from infra.targets.base import Target, open_target
from infra.targets.google.lease_state import GcpState
from infra.targets.local.lease_state import LocalState
from infra.terraform.client import Terraform, prepare_root
from infra.terraform.process import Event
from workloads.record import Scenario

DEFAULT_TTL_HOURS = 12.0

Stage = Literal["applying", "up", "destroying"]


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
    target: TargetName = "local"
    local: LocalState | None = None  # exactly one of these: the target's own part
    gcp: GcpState | None = None
    apply_s: float | None = None
    load_data_s: float | None = None
    dataset: dict[str, str | int | float | None] | None = None
    attempts: int = 0

    @model_validator(mode="before")
    @classmethod
    def _local_part_was_flat(cls, data: object) -> object:
        """Before there were two targets, the local one's fields lay among the others."""
        if isinstance(data, dict) and "network_cidr" in data:
            flat = {name: data[name] for name in LocalState.model_fields if name in data}
            return {**data, "target": "local", "local": flat}
        return data


class Lease:
    """One cluster and its directory."""

    def __init__(self, directory: Path, state: LeaseState) -> None:
        self.directory = directory
        self.state = state
        self._cluster: dict[str, object] | None = None

    @property
    def id(self) -> str:
        return self.state.id

    @property
    def scenario(self) -> Scenario:
        return self.state.scenario

    @property
    def target(self) -> Target:
        """Where it runs."""
        return open_target(self.state.target)

    @property
    def eventlog_dir(self) -> Path:
        return self.directory / "eventlog"

    @property
    def node_names(self) -> list[str]:
        """Nodes of the shape, master first, in Dataproc's naming."""
        return ["m", *(f"w-{i}" for i in range(self.scenario.workers))]

    @property
    def terraform(self) -> Terraform:
        return Terraform(self.root_dir, lease_id=self.id, backend=self.target.backend(self))

    @property
    def root_dir(self) -> Path:
        """The lease's copy of the Terraform root."""
        assert self.target.ROOT is not None, "a lease of this target has no Terraform"
        root = self.directory / "terraform" / self.target.ROOT
        return root if root.is_dir() or not self.older_root_dir.is_dir() else self.older_root_dir

    @property
    def older_root_dir(self) -> Path:
        """Where bakeoff 0.1 put the copy: such a lease can be used and destroyed, and not be applied again."""
        return self.directory / "terraform" / "targets" / self.state.target

    @property
    def bucket(self) -> str:
        return f"bakeoff-{self.id}"

    @property
    def abandoned(self) -> bool:
        """True when no client looks after it any more: its owner died, or it is kept and past its expiry."""
        if self.state.kept and self.state.stage == "up":
            return datetime.fromisoformat(self.state.expires_at) < datetime.now(UTC)
        return not alive(self.state.owner_pid, self.state.owner_ticks)

    def cluster(self) -> dict[str, object]:
        """Terraform's ``cluster`` output; nothing where the target has no Terraform."""
        if self.target.ROOT is None:
            return {}
        if self._cluster is None:
            cluster = self.terraform.output().get("cluster")
            if not isinstance(cluster, dict):
                raise TerraformError(f"Terraform's state of lease {self.id} has no 'cluster' output: apply it again.")
            self._cluster = cluster
        return self._cluster

    def update(self, **changes: object) -> None:
        """Change fields of ``lease.json``, atomically."""
        self.state = self.state.model_copy(update=changes)
        temporary = self.directory / ".lease.json.tmp"
        temporary.write_text(self.state.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(self.directory / "lease.json")

    def apply(self, progress: Progress) -> None:
        """Bring the cluster up, or back up: dead daemons are replaced; returns when every worker has registered.

        Raises:
            TerraformError: with Terraform's own words. What was made is still there: the caller tears down.
        """
        began = time.monotonic()
        self.own("applying")
        target = self.target
        if target.ROOT is None:
            self.update(stage="up", apply_s=0.0)
            return
        names = target.parts(self)
        up: set[str] = set()

        def on_event(event: Event) -> None:
            if node := target.started(event):
                up.add(node)
            progress.advance(len(up), len(names), "nodes up")  # at every event: an interrupt is heard there

        terraform = self.terraform
        terraform.init()
        terraform.apply(target.replacements(self), on_event)
        self._cluster = None
        self.cluster()
        self.update(stage="up", apply_s=round(time.monotonic() - began, 3))

    def own(self, stage: Stage) -> None:
        """This process looks after the lease from now on."""
        pid = os.getpid()
        self.update(stage=stage, owner_pid=pid, owner_ticks=start_ticks(pid) or 0)


def create(
    scenario: Scenario,
    options: Options,
    *,
    kept: bool = False,
    experiment: str | None = None,
    ttl_hours: float = DEFAULT_TTL_HOURS,
) -> Lease:
    """Make the directory of a new lease; nothing is started yet.

    Raises:
        UsageError: the target refuses the scenario: it does not fit this host, or what may be spent.
        SetupError: the target lacks something that was asked for.
    """
    target = open_target(options.target)
    target.check([scenario], options)
    with host_lock("allocate", timeout_s=60):
        lease_id = secrets.choice(string.ascii_lowercase) + "".join(
            secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5)
        )
        now = datetime.now(UTC)
        common: dict[str, object] = {
            "id": lease_id,
            "scenario": scenario,
            "stage": "applying",
            "owner_pid": os.getpid(),
            "owner_ticks": start_ticks(os.getpid()) or 0,
            "kept": kept,
            "experiment": experiment,
            "created_at": now.isoformat(),
            "expires_at": (now + timedelta(hours=ttl_hours)).isoformat(),
            "target": options.target,
        }
        own = target.new_lease(lease_id, scenario, options, all_leases(options.runs_dir))
        lease = Lease(paths.leases_dir(options.runs_dir) / lease_id, LeaseState.model_validate({**common, **own}))
        lease.directory.mkdir(parents=True)
        lease.update()
    lease.eventlog_dir.mkdir()
    write_root(lease)
    return lease


def write_root(lease: Lease, lease_dir: Path | None = None) -> None:
    """Copy the Terraform root, where the target has one, into the lease and write its variables."""
    if lease.target.ROOT is None:
        (lease.directory / "terraform" / "targets" / lease.state.target).mkdir(
            parents=True, exist_ok=True
        )  # tells which
        return
    if (lease.older_root_dir / "main.tf").is_file():
        raise UsageError(
            f"Lease {lease.id} was applied by an older bakeoff, whose Terraform is laid out differently, so it cannot be "
            f"changed. Run: bakeoff destroy {lease.id}, then apply {lease.scenario.name} again."
        )
    root = prepare_root(lease.directory / "terraform", lease.target.ROOT)
    variables = lease.target.variables(lease, lease_dir or lease.directory)
    (root / "lease.auto.tfvars.json").write_text(json.dumps(variables, indent=1) + "\n", encoding="utf-8")


def all_leases(runs_dir: Path) -> list[Lease]:
    """Every lease of this runs folder, oldest first; a directory without a readable lease.json is no lease."""
    leases = []
    for path in sorted(paths.leases_dir(runs_dir).glob("*/lease.json")):
        try:
            leases.append(Lease(path.parent, LeaseState.model_validate_json(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):  # another process may have removed it just now
            continue
    return sorted(leases, key=lambda lease: lease.state.created_at)


def standing(runs_dir: Path, scenario: str, target: TargetName = "local") -> Lease | None:
    """The newest lease of a scenario on a target that is up and kept."""
    found = [
        lease
        for lease in all_leases(runs_dir)
        if (lease.scenario.name, lease.state.target) == (scenario, target)
        and lease.state.stage == "up"
        and lease.state.kept
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
    for path in sorted(directory.glob("*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "lease.json":
            path.unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)


def headless(runs_dir: Path) -> list[Path]:
    """Lease directories without a readable lease.json: a client was killed while making or removing them."""
    known = {lease.directory for lease in all_leases(runs_dir)}
    return [p for p in sorted(paths.leases_dir(runs_dir).glob("*")) if p.is_dir() and p not in known]


def known(runs_dir: Path) -> list[str]:
    """Ids of all leases of a runs folder, readable or not."""
    return [lease.id for lease in all_leases(runs_dir)] + [path.name for path in headless(runs_dir)]
