"""What machines cost at list price, without discounts: for the seconds that they stood, and per hour.

Rules of billing, each with its source:

- machines and accelerators: by the second, at least 60 s each (cloud.google.com/compute/vm-instance-pricing);
- Dataproc's fee: per vCPU and second, at least 60 s, of masters, workers and spot workers alike
  (cloud.google.com/dataproc/pricing);
- disks: by the second, without a minimum (cloud.google.com/compute/disks-image-pricing).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from infra.catalogue import Catalogue
from workloads.record import CostBreakdown, Scenario

DEFAULT_REGION = "us-central1"
HOURS_PER_MONTH = 730  # how Google turns a price per month into one per hour
LEAST_S = 60  # billed for a machine, an accelerator and Dataproc's fee
Item = Literal["machines", "spot machines", "accelerators", "disks", "dataproc fee", "vertex ai", "other"]


class Machine(NamedTuple):
    """One VM of a cluster, and how long it stood."""

    node: str
    machine_type: str
    disk_type: str
    disk_gb: int
    seconds: float  # from creation to deletion
    spot: bool = False
    accelerator_type: str | None = None
    accelerator_count: int = 0


class Line(NamedTuple):
    """One line of a cost: an item, how much of it, and what it costs."""

    item: Item
    node: str
    sku: str
    seconds: float  # billed
    quantity: float
    unit: str  # of the quantity: machine-h, GPU-h, vCPU-h, GB-month
    usd: float


@dataclass(frozen=True)
class Cost:
    """Lines, and the date of the oldest price among them (ISO 8601; empty where no price was used)."""

    lines: tuple[Line, ...]
    prices_dated: str

    @property
    def total_usd(self) -> float:
        """USD in all."""
        return sum(line.usd for line in self.lines)

    def item_usd(self, item: Item) -> float:
        """USD of one item."""
        return sum(line.usd for line in self.lines if line.item == item)


def machines(scenario: Scenario, seconds: float) -> list[Machine]:
    """Every machine of a cluster, all for the same time: for an estimate, or where only the cluster's life is known."""
    disk = (scenario.disk_type, scenario.disk_gb, seconds)
    gpus = (scenario.accelerator_type, scenario.accelerator_count)
    if not scenario.workers:
        return [Machine("m", scenario.machine_type, *disk, False, *gpus)]
    master = Machine("m", scenario.master_machine_type, *disk)
    workers = [Machine(f"w-{i}", scenario.machine_type, *disk, False, *gpus) for i in range(scenario.workers)]
    spot = [Machine(f"sw-{i}", scenario.machine_type, *disk, True, *gpus) for i in range(scenario.spot_workers)]
    return [master, *workers, *spot]


def cost(used: Iterable[Machine], region: str, catalogue: Catalogue | None = None) -> Cost:
    """What these machines cost in a region, each for its own seconds.

    Args:
        catalogue: whose prices count; None: those of :meth:`Catalogue.default`.

    Raises:
        UsageError: something has no price there; an unknown price is never taken for zero.
    """
    catalogue = catalogue or Catalogue.default()
    lines: list[Line] = []
    dates: list[str] = []

    def add(item: Item, machine: Machine, kind: str, sku: str, amount: float, unit: str, seconds: float) -> None:
        price = catalogue.price(kind, sku, region)
        hours = seconds / 3600 / (HOURS_PER_MONTH if unit == "GB-month" else 1)
        lines.append(Line(item, machine.node, sku, seconds, amount * hours, unit, amount * hours * price.usd))
        dates.append(price.dated)

    for machine in used:
        seconds = billed_s(machine.seconds)
        spot = "_spot" if machine.spot else ""
        item: Item = "spot machines" if machine.spot else "machines"
        add(item, machine, f"machine{spot}", machine.machine_type, 1, "machine-h", seconds)
        if machine.accelerator_type:
            count = machine.accelerator_count
            add("accelerators", machine, f"accelerator{spot}", machine.accelerator_type, count, "GPU-h", seconds)
        vcpus = catalogue.machine_type(machine.machine_type).vcpus
        add("dataproc fee", machine, "dataproc", "vcpu", vcpus, "vCPU-h", seconds)
        add("disks", machine, "disk", machine.disk_type, machine.disk_gb, "GB-month", math.ceil(machine.seconds))
    return Cost(tuple(lines), min(dates, default=""))


def cluster_cost(scenario: Scenario, region: str, seconds: float, catalogue: Catalogue | None = None) -> Cost:
    """What a cluster costs whose machines all stand so long. Raises as :func:`cost`."""
    return cost(machines(scenario, seconds), region, catalogue)


def hourly_price(scenario: Scenario, region: str = DEFAULT_REGION, catalogue: Catalogue | None = None) -> Cost:
    """List price of an hour of the scenario, by what is paid for. Raises as :func:`cost`."""
    return cluster_cost(scenario, region, 3600, catalogue)


def usd_per_hour(scenario: Scenario, region: str = DEFAULT_REGION, catalogue: Catalogue | None = None) -> float:
    """List price of the scenario, USD per hour. Raises as :func:`cost`."""
    return hourly_price(scenario, region, catalogue).total_usd


def breakdown(found: Cost) -> CostBreakdown:
    """The cost as a record keeps it: spot machines are machines, and ``seconds`` is the longest life among them."""
    return CostBreakdown(
        seconds=max((line.seconds for line in found.lines if line.item != "disks"), default=0.0),
        machines_usd=found.item_usd("machines") + found.item_usd("spot machines"),
        disks_usd=found.item_usd("disks"),
        dataproc_usd=found.item_usd("dataproc fee"),
        accelerators_usd=found.item_usd("accelerators"),
        prices_dated=found.prices_dated,
    )


def billed_s(seconds: float) -> float:
    """The seconds that are billed for a machine that stood so long: whole ones, at least 60."""
    return max(LEAST_S, math.ceil(seconds))
