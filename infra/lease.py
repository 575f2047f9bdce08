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

from pydantic import BaseModel, ConfigDict

from infra import paths
from infra.errors import TerraformError, UsageError
from infra.local import target
from infra.local.marks import start_ticks
from infra.locks import host_lock
from infra.processes import alive
from infra.progress import Progress
from infra.terraform import Terraform, node_started, prepare_root, resource_address
from infra.terraform_process import Event
from workloads.record import Isolation, Scenario

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
    isolation: Isolation  # what this host could give when the lease was made
    network_cidr: str
    storage_port: int
    master_port: int
    master_webui_port: int
    local_cores_per_vcpu: float
    apply_s: float | None = None
    load_data_s: float | None = None
    dataset: dict[str, str | int | float | None] | None = None
    attempts: int = 0


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
    def eventlog_dir(self) -> Path:
        return self.directory / "eventlog"

    @property
    def node_names(self) -> list[str]:
        """Nodes of the shape, master first, in Dataproc's naming."""
        return ["m", *(f"w-{i}" for i in range(self.scenario.workers))]

    @property
    def terraform(self) -> Terraform:
        return Terraform(self.directory / "terraform", lease_id=self.id)

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
        """Terraform's ``cluster`` output."""
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
        names = ["store", *self.node_names]
        up: set[str] = set()

        def on_event(event: Event) -> None:
            node = node_started(event)
            if node:
                up.add(node)
                progress.advance(len(up), len(names), "nodes up")

        terraform = self.terraform
        terraform.init()
        terraform.apply([resource_address(node) for node in target.dead_nodes(self)], on_event)
        self._cluster = None
        self.cluster()
        self.update(stage="up", apply_s=round(time.monotonic() - began, 3))

    def own(self, stage: Stage) -> None:
        """This process looks after the lease from now on."""
        pid = os.getpid()
        self.update(stage=stage, owner_pid=pid, owner_ticks=start_ticks(pid) or 0)


def create(
    scenario: Scenario,
    *,
    runs_dir: Path,
    isolation: Literal["auto", "namespaces", "none"] = "auto",
    local_cores_per_vcpu: float | None = None,
    kept: bool = False,
    experiment: str | None = None,
    ttl_hours: float = DEFAULT_TTL_HOURS,
) -> Lease:
    """Make the directory of a new lease; nothing is started yet.

    Raises:
        UsageError: the scenario does not fit this host's memory, or isolation was asked for and is not to be had.
    """
    share = local_cores_per_vcpu or target.default_cores_per_vcpu()
    found = target.isolation_for(isolation, runs_dir)
    target.check_fits([scenario], share)
    with host_lock("allocate", timeout_s=60):
        taken = {lease.state.network_cidr for lease in all_leases(runs_dir)}
        lease_id = secrets.choice(string.ascii_lowercase) + "".join(
            secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5)
        )
        now = datetime.now(UTC)
        cidr = target.free_network(found.mode, taken)
        storage_port, master_port, webui_port = target.free_ports(3)
        state = LeaseState(
            id=lease_id,
            scenario=scenario,
            stage="applying",
            owner_pid=os.getpid(),
            owner_ticks=start_ticks(os.getpid()) or 0,
            kept=kept,
            experiment=experiment,
            created_at=now.isoformat(),
            expires_at=(now + timedelta(hours=ttl_hours)).isoformat(),
            isolation=found,
            network_cidr=cidr,
            storage_port=storage_port,
            master_port=master_port,
            master_webui_port=webui_port,
            local_cores_per_vcpu=share,
        )
        lease = Lease(paths.leases_dir(runs_dir) / lease_id, state)
        lease.directory.mkdir(parents=True)
        lease.update()
    lease.eventlog_dir.mkdir()
    write_root(lease)
    return lease


def write_root(lease: Lease, lease_dir: Path | None = None) -> None:
    """Copy the Terraform root into the lease and write its variables."""
    root = prepare_root(lease.directory / "terraform")
    state = lease.state
    variables = {
        **state.scenario.model_dump(),
        "lease_id": state.id,
        "lease_dir": str(lease_dir or lease.directory),
        "project_dir": str(paths.PROJECT_DIR),
        "python": target.python(),
        "isolation": state.isolation.mode,
        "network_cidr": state.network_cidr,
        "local_cores_per_vcpu": state.local_cores_per_vcpu,
        "storage_port": state.storage_port,
        "master_port": state.master_port,
        "master_webui_port": state.master_webui_port,
    }
    (root / "lease.auto.tfvars.json").write_text(json.dumps(variables, indent=1) + "\n", encoding="utf-8")


def all_leases(runs_dir: Path) -> list[Lease]:
    """Every lease of this runs folder, oldest first; a directory without a readable lease.json is no lease."""
    leases = []
    for path in sorted(paths.leases_dir(runs_dir).glob("*/lease.json")):
        try:
            leases.append(Lease(path.parent, LeaseState.model_validate_json(path.read_text(encoding="utf-8"))))
        except ValueError:
            continue
    return sorted(leases, key=lambda lease: lease.state.created_at)


def standing(runs_dir: Path, scenario: str) -> Lease | None:
    """The newest lease of a scenario that is up and kept."""
    found = [
        lease
        for lease in all_leases(runs_dir)
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
