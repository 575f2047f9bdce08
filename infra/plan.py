"""What an apply would do, without doing it."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra import lease as leases
from infra.data import part_folder
from infra.lease import Lease
from infra.local import target
from infra.progress import Progress
from infra.scenario import load_scenario
from infra.terraform import Change, Terraform, resource_address


def plan(name: str, runs_dir: Path, share: float | None, progress: Progress) -> list[Change]:
    """Changes that ``apply`` would make: to the standing lease of the scenario, or for a new one.

    Works on a copy of the lease's Terraform root and state, so that nothing of the lease changes.
    """
    scenario = load_scenario(name)
    progress.stage(f"plan {name}")
    standing = leases.standing(runs_dir, name)
    with part_folder("plan") as folder:
        if standing is None:
            lease = leases.create(scenario, runs_dir=folder, isolation="none", local_cores_per_vcpu=share)
            return _planned(lease, [])
        shutil.copytree(standing.directory / "terraform", folder / "terraform")
        copy = Lease(folder, standing.state.model_copy(update={"scenario": scenario}))
        leases.write_root(copy, lease_dir=standing.directory)
        return _planned(copy, [resource_address(node) for node in target.dead_nodes(standing)])


def _planned(lease: Lease, replace: list[str]) -> list[Change]:
    terraform = Terraform(lease.directory / "terraform")
    terraform.init()
    return terraform.plan(replace)
