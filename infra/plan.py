"""What an apply would do, without doing it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra import lease as leases
from infra.lease import Lease
from infra.progress import Progress
from infra.scenario import load_scenario
from infra.terraform import Change


def plan(name: str, runs_dir: Path, share: float | None, progress: Progress) -> list[Change]:
    """Changes that ``apply`` would make: to the standing lease of the scenario, or for a new one."""
    scenario = load_scenario(name)
    progress.stage(f"plan {name}")
    standing = leases.standing(runs_dir, name)
    if standing is not None:
        changed = Lease(standing.directory, standing.state.model_copy(update={"scenario": scenario}))
        leases.write_root(changed)
        return changed.terraform.plan()
    with tempfile.TemporaryDirectory(prefix="bakeoff-plan-") as folder:
        lease = leases.create(scenario, runs_dir=Path(folder), local_cores_per_vcpu=share)
        lease.terraform.init()
        return lease.terraform.plan()
