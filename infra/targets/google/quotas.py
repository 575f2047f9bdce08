"""What clusters need of a region's quotas, and what is left of them.

Source: cloud.google.com/compute/resource-usage (which quota counts what). A spot VM counts against the preemptible quota
where the project has one, and against the regular one where that limit is 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from infra.base.errors import unknown_name
from infra.catalogue import Catalogue
from workloads.record import Scenario

SHARED_CPUS = ("n1", "e2")  # these series count as CPUS, the others as <SERIES>_CPUS
DISK_QUOTAS = {"pd-standard": "DISKS_TOTAL_GB", "pd-balanced": "SSD_TOTAL_GB", "pd-ssd": "SSD_TOTAL_GB"}
GPU_QUOTAS = {
    "nvidia-tesla-t4": "NVIDIA_T4_GPUS",
    "nvidia-tesla-p4": "NVIDIA_P4_GPUS",
    "nvidia-tesla-p100": "NVIDIA_P100_GPUS",
    "nvidia-tesla-v100": "NVIDIA_V100_GPUS",
    "nvidia-l4": "NVIDIA_L4_GPUS",
    "nvidia-tesla-a100": "NVIDIA_A100_GPUS",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
}
PREEMPTIBLE = "PREEMPTIBLE_"


class Quota(NamedTuple):
    """One quota: how much there is, and how much of it is in use."""

    limit: float
    usage: float

    @property
    def left(self) -> float:
        return self.limit - self.usage


class Short(NamedTuple):
    """A quota that does not suffice."""

    metric: str
    needed: float
    quota: Quota


def needed(scenarios: Iterable[Scenario]) -> Counter[str]:
    """Sums over clusters that stand at the same time, by quota metric; spot machines as ``PREEMPTIBLE_...``.

    Raises:
        UsageError: a machine type, disk type or accelerator type is not known.
    """
    total: Counter[str] = Counter()
    for scenario in scenarios:
        workers, spot = scenario.workers, scenario.spot_workers
        nodes = 1 + workers + spot
        _add_machines(total, scenario.master_machine_type, 1)
        _add_machines(total, scenario.machine_type, workers)
        _add_machines(total, scenario.machine_type, spot, PREEMPTIBLE)
        total[_known(DISK_QUOTAS, "disk type", scenario.disk_type)] += nodes * scenario.disk_gb
        total["INSTANCES"] += nodes
        if scenario.accelerator_type:
            metric = _known(GPU_QUOTAS, "accelerator type", scenario.accelerator_type)
            regular = scenario.accelerator_count * (workers or 1)
            total[metric] += regular
            total[PREEMPTIBLE + metric] += scenario.accelerator_count * spot
            total["GPUS_ALL_REGIONS"] += regular + scenario.accelerator_count * spot
    return +total


def shortages(wanted: Mapping[str, float], quotas: Mapping[str, Quota]) -> list[Short]:
    """Every quota that does not suffice; one that the region does not name is not checked."""
    wanted = Counter(wanted)
    for metric in [m for m in wanted if m.startswith(PREEMPTIBLE)]:
        if metric not in quotas or quotas[metric].limit == 0:
            amount = wanted.pop(metric)
            regular = metric.removeprefix(PREEMPTIBLE)
            wanted[regular] = wanted.get(regular, 0) + amount
    found = [Short(m, amount, quotas[m]) for m, amount in wanted.items() if m in quotas and amount > quotas[m].left]
    return sorted(found, key=lambda short: short.metric)


def _add_machines(total: Counter[str], machine_type: str, count: int, prefix: str = "") -> None:
    if not count:
        return
    machine = Catalogue.default().machine_type(machine_type)
    series = "CPUS" if machine.series in SHARED_CPUS else f"{machine.series.upper()}_CPUS"
    # There is one preemptible quota for all series.
    total[f"{prefix}CPUS" if prefix else series] += machine.vcpus * count
    total["CPUS_ALL_REGIONS"] += machine.vcpus * count


def _known(table: Mapping[str, str], kind: str, name: str) -> str:
    try:
        return table[name]
    except KeyError:
        raise unknown_name(kind, name, table) from None
