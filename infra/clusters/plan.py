"""What an apply would do, without doing it."""

from __future__ import annotations

import shutil
from dataclasses import replace

from infra.base.options import Options
from infra.base.progress import Progress
from infra.clusters import lifecycle
from infra.inputs.dataset import part_folder
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.base import Provisioner
from infra.targets.registry import open_target
from infra.terraform.client import Change
from workloads.record import Scenario


def plan(scenario: Scenario, options: Options, progress: Progress) -> list[Change]:
    """Changes that ``apply`` would make: to the standing lease of the scenario, or for a new one.

    Works on a copy of the lease's Terraform root and state, so that nothing of the lease changes.
    """
    progress.stage(f"plan {scenario.name}")
    target = open_target(options.target)
    if target.provisioner is None:  # nothing stands between two jobs
        lifecycle.check([scenario], options, plan_only=True)
        return []
    if "isolation" in target.traits.flags:  # it changes no resource, and finding out what the host can do takes a while
        options = replace(options, isolation="none")
    standing = leases.standing(options.runs_dir, scenario.name, options.target)
    with part_folder("plan") as folder:
        if standing is None:
            lease = lifecycle.create(scenario, replace(options, runs_dir=folder), plan_only=True)
            return _planned(lease, target.provisioner, [])
        shutil.copytree(standing.directory / "terraform", folder / "terraform")
        copy = Lease(folder, standing.state.model_copy(update={"scenario": scenario}))
        lifecycle.write_root(copy, lease_dir=standing.directory)
        return _planned(copy, target.provisioner, lifecycle.dead_addresses(standing))


def _planned(lease: Lease, provisioner: Provisioner, replacements: list[str]) -> list[Change]:
    terraform = lifecycle.terraform_of(lease, provisioner)
    terraform.init()
    return terraform.plan(replacements)
