"""The worker pools of a cell: how many machines of a scenario its job takes on Vertex AI, and what they are.

A scenario's master serves the cluster's own services, and Vertex AI has none: pools are of the scenario's ``machine_type``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.catalogue import Catalogue
from infra.catalogue.pricing import Machine
from infra.inputs.cells import Cell
from infra.inputs.workloads import JOB, all_workloads, find_workload
from infra.targets.google.nodes import Role, limits
from infra.targets.vertex.job import Strategy
from workloads.record import NodeLimits, Scenario

# As train's configuration has them (workloads/train/config.py) -> what it takes in machines.
STRATEGIES: dict[object, Strategy] = {
    "one_device": "one-device",
    "mirrored": "mirrored",
    "multi_worker_mirrored": "multi-worker",
}

# Machine types that training takes (cloud.google.com/vertex-ai/docs/training/configure-compute#machine-types), as far as the
# catalogue has them: no shared and no small ones.
TRAINING_TYPES = re.compile(
    r"(n1-standard-(4|8|16|32|64|96)|n1-highmem-(2|4|8|16|32|64|96)|n1-highcpu-(16|32|64|96)"
    r"|n2-standard-(4|8|16|32|48|64|80)|n2-highmem-(2|4|8|16|32|48|64|80)|n2-highcpu-(16|32|48|64|80)"
    r"|e2-standard-(4|8|16|32)|e2-highmem-(2|4|8|16)|e2-highcpu-(16|32))"
)
LEAST_DISK_GB = 100  # of a boot disk (cloud.google.com/vertex-ai/docs/reference/rest/v1/DiskSpec)


@dataclass(frozen=True)
class Pools:
    """What a job runs on."""

    strategy: Strategy
    machines: int


def pools_of(cell: Cell) -> Pools:
    """One machine, or for training on several workers as many as the scenario or the cell's ``workers`` says."""
    strategy = STRATEGIES.get(cell.configuration.get("strategy", "one_device"), "one-device")
    if strategy != "multi-worker":
        return Pools(strategy, 1)
    asked = cell.configuration.get("workers") or cell.scenario.workers
    return Pools(strategy, int(str(asked)))


def refusal(cell: Cell) -> str | None:
    """Why a cell cannot run on Vertex AI; None where it can."""
    workload, shape = cell.workload, cell.scenario
    if workload == JOB or not find_workload(workload).runs_without_spark:
        able = ", ".join(name for name, known in all_workloads().items() if known.runs_without_spark)
        return f"{workload} needs Spark, and Vertex AI has none. Use --target gcp, or one of: {able}."
    pools = pools_of(cell)
    if pools.strategy == "multi-worker" and not 2 <= pools.machines <= max(shape.workers, 1):
        return (
            f"multi_worker_mirrored needs from two workers to those of the scenario {shape.name}; received {pools.machines} "
            f"of {shape.workers}. Use a scenario with 2 workers or more."
        )
    gpus = shape.accelerator_count if shape.accelerator_type else 0
    if pools.strategy == "mirrored" and gpus < 2:
        return f"mirrored needs 2 accelerators or more in one machine; received {gpus} in {shape.name}."
    if pools.strategy == "one-device" and gpus > 1:
        return f"{workload} on one device uses at most one accelerator; received {gpus} in {shape.name}."
    return None


def replica_names(machines: int) -> list[str]:
    """The replicas, as Vertex AI calls them (cloud.google.com/vertex-ai/docs/training/distributed-training)."""
    return ["workerpool0-0", *(f"workerpool1-{i}" for i in range(machines - 1))][:machines]


def nodes(scenario: Scenario, machines: int) -> list[NodeLimits]:
    """What each replica gets: what its machine type says."""
    role: Role = "worker" if machines > 1 else "single"
    machine = Catalogue.default().machine_type(scenario.machine_type)
    shape = scenario.model_copy(update={"disk_gb": disk_gb(scenario)})
    return [limits(name, role, name, machine, shape) for name in replica_names(machines)]


def disk_gb(scenario: Scenario) -> int:
    """The scenario's disk, or the least that Vertex AI gives."""
    return max(scenario.disk_gb, LEAST_DISK_GB)


def machines_for(scenario: Scenario, machines: int, seconds: float) -> list[Machine]:
    """Every machine of a job, for its cost."""
    gpus = scenario.accelerator_count if scenario.accelerator_type else 0
    return [
        Machine(
            name,
            scenario.machine_type,
            scenario.disk_type,
            disk_gb(scenario),
            seconds,
            False,
            scenario.accelerator_type,
            gpus,
        )
        for name in replica_names(machines)
    ]
