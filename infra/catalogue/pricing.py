"""List price of a scenario per hour: machines, disks, accelerators and the Dataproc fee, without discounts."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from infra import catalogue
from infra.base.errors import unknown_name
from infra.catalogue import Price
from workloads.record import Scenario

DEFAULT_REGION = "us-central1"
HOURS_PER_MONTH = 730  # how Google turns a price per month into one per hour


class HourlyPrice(NamedTuple):
    """USD per hour of one scenario in one region, by what is paid for."""

    region: str
    machines_usd: float
    disks_usd: float
    dataproc_usd: float
    prices_dated: str  # date of the oldest price used, ISO 8601
    spot_usd: float = 0.0  # machines on Spot VMs, with their accelerators; Google may change this price every day
    accelerators_usd: float = 0.0  # of the other machines

    @property
    def total_usd(self) -> float:
        """USD per hour in all."""
        return self.machines_usd + self.spot_usd + self.accelerators_usd + self.disks_usd + self.dataproc_usd


def regions() -> list[str]:
    """Regions with prices."""
    return sorted({price.region for price in catalogue.prices()})


def usd_per_hour(scenario: Scenario, region: str = DEFAULT_REGION) -> float:
    """List price of the scenario, USD per hour. Raises as :func:`hourly_price`."""
    return hourly_price(scenario, region).total_usd


def hourly_price(scenario: Scenario, region: str = DEFAULT_REGION) -> HourlyPrice:
    """Price of every node of the scenario: its machine, its disk, its accelerators, and Dataproc's fee per vCPU.

    Raises UsageError for a region, machine type, disk type or accelerator type without a price.
    Source: cloud.google.com/dataproc/pricing (the fee counts the vCPUs of masters, workers and spot workers alike).
    """
    if region not in regions():
        raise unknown_name("region", region, regions())
    nodes = Counter({scenario.master_machine_type: 1})
    nodes[scenario.machine_type] += scenario.workers
    spot = scenario.spot_workers
    used: list[Price] = []

    def price(kind: str, sku: str) -> float:
        found = _price(kind, sku, region)
        used.append(found)
        return found.usd

    machines = sum(price("machine", name) * count for name, count in nodes.items() if count)
    spot_usd = price("machine_spot", scenario.machine_type) * spot if spot else 0.0
    accelerators = 0.0
    if scenario.accelerator_type:
        regular = scenario.accelerator_count * (scenario.workers or 1)
        accelerators = price("accelerator", scenario.accelerator_type) * regular
        if spot:
            spot_usd += price("accelerator_spot", scenario.accelerator_type) * scenario.accelerator_count * spot
    nodes[scenario.machine_type] += spot
    vcpus = sum(catalogue.machine_type(name).vcpus * count for name, count in nodes.items())
    disk_gb = scenario.disk_gb * nodes.total()
    return HourlyPrice(
        region=region,
        machines_usd=machines,
        disks_usd=price("disk", scenario.disk_type) * disk_gb / HOURS_PER_MONTH,
        dataproc_usd=price("dataproc", "vcpu") * vcpus,
        prices_dated=min(found.dated for found in used),
        spot_usd=spot_usd,
        accelerators_usd=accelerators,
    )


def _price(kind: str, sku: str, region: str) -> Price:
    of_kind = {price.sku: price for price in catalogue.prices() if (price.kind, price.region) == (kind, region)}
    try:
        return of_kind[sku]
    except KeyError:
        raise unknown_name(f"{kind.replace('_', ' ')} price in {region}", sku, of_kind) from None
