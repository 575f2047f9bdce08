"""What the shell completes: names of scenarios, experiments, spaces, targets and workloads that begin like the word."""

from __future__ import annotations

from infra.base.paths import EXPERIMENTS_DIR, SPACES_DIR
from infra.inputs.scenario import scenario_names
from infra.inputs.workloads import all_workloads
from infra.targets.registry import names


def complete_scenario(incomplete: str) -> list[str]:
    """Scenarios in ``infra/scenarios/``."""
    return [name for name in scenario_names() if name.startswith(incomplete)]


def complete_experiment(incomplete: str) -> list[str]:
    """Experiments in ``infra/experiments/``."""
    return sorted(path.stem for path in EXPERIMENTS_DIR.glob(f"{incomplete}*.toml"))


def complete_space(incomplete: str) -> list[str]:
    """Spaces in ``infra/spaces/``."""
    return sorted(path.stem for path in SPACES_DIR.glob(f"{incomplete}*.toml"))


def complete_target(incomplete: str) -> list[str]:
    """Targets that are registered."""
    return [name for name in names() if name.startswith(incomplete)]


def complete_workload(incomplete: str) -> list[str]:
    """Workloads that there are."""
    return sorted(name for name in all_workloads() if name.startswith(incomplete))
