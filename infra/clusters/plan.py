"""What an apply would do, without doing it."""

from __future__ import annotations

import shutil
from dataclasses import replace

from infra.base.options import IsolationChoice, Options, TargetName
from infra.base.progress import Progress
from infra.inputs.dataset import part_folder
from infra.inputs.scenario import load_scenario
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.base import open_target
from infra.terraform.client import Change

# How nodes are kept apart changes no resource, and finding out what the host can do takes a while.
_IRRELEVANT: dict[TargetName, IsolationChoice] = {"local": "none", "gcp": "auto", "vertex": "auto"}


def plan(name: str, options: Options, progress: Progress) -> list[Change]:
    """Changes that ``apply`` would make: to the standing lease of the scenario, or for a new one.

    Works on a copy of the lease's Terraform root and state, so that nothing of the lease changes.
    """
    scenario = load_scenario(name)
    progress.stage(f"plan {name}")
    target = open_target(options.target)
    options = replace(options, plan_only=True)
    if target.ROOT is None:  # nothing stands between two jobs
        target.check([scenario], options)
        return []
    standing = leases.standing(options.runs_dir, name, options.target)
    with part_folder("plan") as folder:
        if standing is None:
            lease = leases.create(scenario, replace(options, runs_dir=folder, isolation=_IRRELEVANT[options.target]))
            return _planned(lease, [])
        shutil.copytree(standing.directory / "terraform", folder / "terraform")
        copy = Lease(folder, standing.state.model_copy(update={"scenario": scenario}))
        leases.write_root(copy, lease_dir=standing.directory)
        return _planned(copy, standing.target.replacements(standing))


def _planned(lease: Lease, replacements: list[str]) -> list[Change]:
    terraform = lease.terraform
    terraform.init()
    return terraform.plan(replacements)
