"""A lease comes to be, is brought up by Terraform and says what it is: where leases, targets and Terraform meet."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.base import paths
from infra.base.errors import LimitError, TerraformError, UsageError
from infra.base.locks import host_lock
from infra.base.options import Grant, Options
from infra.base.processes import start_ticks
from infra.base.progress import Progress
from infra.leases.lease import Lease, LeaseState, all_leases, new_id
from infra.targets.base import Provisioner, refuse_flags
from infra.targets.registry import open_target, target_of
from infra.terraform.client import Terraform, prepare_root
from infra.terraform.process import Event
from workloads.record import Scenario


def check(
    scenarios: Sequence[Scenario], options: Options, standing: Lease | None = None, *, plan_only: bool = False
) -> None:
    """Refuse flags that the target does not take, and clusters that it cannot bring up. Raises as ``Target.check``."""
    target = open_target(options.target)
    refuse_flags(target, options)
    target.check(scenarios, options, standing, plan_only=plan_only)


def create(
    scenario: Scenario,
    options: Options,
    grant: Grant = Grant(),  # noqa: B008 - frozen
    *,
    kept: bool = False,
    experiment: str | None = None,
    plan_only: bool = False,
) -> Lease:
    """Make the directory of a new lease; nothing is started yet.

    Raises:
        UsageError: the target refuses the scenario: it does not fit this host, or what may be spent.
        SetupError: the target lacks something that was asked for.
    """
    check([scenario], options, plan_only=plan_only)
    with host_lock("allocate", timeout_s=60):
        others = all_leases(options.runs_dir, options.target)
        new = open_target(options.target).new_state(scenario, options, grant, others)
        lease_id, now = new_id(), datetime.now(UTC)
        state = LeaseState(
            id=lease_id,
            scenario=scenario,
            stage="applying",
            owner_pid=os.getpid(),
            owner_ticks=start_ticks(os.getpid()) or 0,
            kept=kept,
            experiment=experiment,
            created_at=now.isoformat(),
            expires_at=(now + timedelta(seconds=new.life_s)).isoformat(),
            target=options.target,
            target_state=new.state.model_dump(mode="json"),
        )
        lease = Lease(paths.leases_dir(options.runs_dir) / lease_id, state)
        lease.directory.mkdir(parents=True)
        lease.update()
    lease.eventlog_dir.mkdir()
    write_root(lease)
    return lease


def write_root(lease: Lease, lease_dir: Path | None = None) -> None:
    """Copy the Terraform root, where the target has one, into the lease and write its variables.

    Args:
        lease_dir: what the variables call the lease's directory, where ``lease`` is a copy.
    """
    provisioner, name = target_of(lease).provisioner, lease.state.target
    if provisioner is None:
        _targets_dir(lease).mkdir(parents=True, exist_ok=True)  # tells whose it is, without lease.json
        return
    if (_targets_dir(lease) / "main.tf").is_file():
        raise UsageError(
            f"Lease {lease.id} was applied by an older bakeoff, whose Terraform is laid out differently, so it cannot be "
            f"changed. Run: bakeoff destroy {lease.id}, then apply {lease.scenario.name} again."
        )
    root = prepare_root(lease.directory / "terraform", provisioner.root, name)
    variables = provisioner.variables(lease, lease_dir or lease.directory)
    (root / "lease.auto.tfvars.json").write_text(json.dumps(variables, indent=1) + "\n", encoding="utf-8")


def terraform_of(lease: Lease, provisioner: Provisioner) -> Terraform:
    """Terraform in the lease's copy of the root; bakeoff 0.1 put that one folder higher."""
    root = _targets_dir(lease) / "terraform"
    older = not root.is_dir() and (_targets_dir(lease) / "main.tf").is_file()
    return Terraform(root.parent if older else root, lease_id=lease.id, backend=provisioner.backend(lease))


def _targets_dir(lease: Lease) -> Path:
    return lease.directory / "terraform" / "targets" / lease.state.target


def apply(lease: Lease, progress: Progress) -> None:
    """Bring the cluster up, or back up: dead daemons are replaced; returns when every worker has registered.

    Raises:
        TerraformError: with Terraform's own words. What was made is still there: the caller tears down.
        LimitError: too little is left until its expiry, since its making took so long.
    """
    began = time.monotonic()
    lease.take_over("applying")
    provisioner = target_of(lease).provisioner
    if provisioner is None:
        lease.update(stage="up", apply_s=0.0)
        return
    replaced = dead_addresses(lease)
    if replaced or lease.state.apply_s is None:
        _check_life(lease)
    terraform = terraform_of(lease, provisioner)
    terraform.init()
    terraform.apply(replaced, _counting(provisioner, lease, progress))
    outputs(lease)  # raises where there are none
    lease.update(stage="up", apply_s=round(time.monotonic() - began, 3))


def _check_life(lease: Lease) -> None:
    """The target refuses a cluster that is to end so soon, minutes later and in other words."""
    least_s = target_of(lease).traits.least_life_s
    left_s = (datetime.fromisoformat(lease.state.expires_at) - datetime.now(UTC)).total_seconds()
    if left_s < least_s:
        raise LimitError(
            f"Lease {lease.id} expires in {max(left_s, 0) / 60:.1f} minutes, and a cluster must be allowed at least "
            f"{least_s / 60:.0f} when it is made. Give the command again, or raise --max-usd or --max-minutes."
        )


def _counting(provisioner: Provisioner, lease: Lease, progress: Progress) -> Callable[[Event], None]:
    total, up = len(provisioner.parts(lease)), set[str]()

    def count(event: Event) -> None:
        if part := provisioner.part_of(event):
            up.add(part)
        progress.advance(len(up), total, "nodes up")  # at every event: an interrupt is heard there

    return count


def dead_parts(lease: Lease) -> list[str]:
    """What was started and is not usable any more."""
    provisioner = target_of(lease).provisioner
    return list(provisioner.dead_parts(lease)) if provisioner else []


def dead_addresses(lease: Lease) -> list[str]:
    """Addresses of what died and Terraform cannot see dead."""
    provisioner = target_of(lease).provisioner
    return [address for address in provisioner.dead_parts(lease).values() if address] if provisioner else []


def outputs(lease: Lease) -> dict[str, object]:
    """Terraform's ``cluster`` output; nothing where the target has no Terraform. Raises TerraformError: there is none."""
    provisioner = target_of(lease).provisioner
    if provisioner is None:
        return {}
    cluster = terraform_of(lease, provisioner).output().get("cluster")
    if not isinstance(cluster, dict):
        raise TerraformError(f"Terraform's state of lease {lease.id} has no 'cluster' output: apply it again.")
    return cluster
