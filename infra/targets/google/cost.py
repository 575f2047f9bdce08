"""What a cluster cost: estimated, measured from the real seconds of each resource, and billed, side by side.

Rules of billing, each with its source:

- machines and accelerators: by the second, at least 60 s each (cloud.google.com/compute/vm-instance-pricing);
- Dataproc's fee: per vCPU and second, at least 60 s (cloud.google.com/dataproc/pricing);
- disks: by the second, without a minimum (cloud.google.com/compute/disks-image-pricing).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from infra import catalogue
from infra.base.errors import unknown_name
from infra.catalogue import Price
from infra.catalogue.pricing import HOURS_PER_MONTH
from infra.targets.google.billing import Bill
from workloads.record import CostBreakdown, Scenario

LEAST_S = 60  # billed for a machine, an accelerator and Dataproc's fee
Item = Literal["machines", "spot machines", "accelerators", "disks", "dataproc fee", "vertex ai", "other"]
ITEMS: tuple[Item, ...] = ("machines", "spot machines", "accelerators", "disks", "dataproc fee", "vertex ai", "other")
# What a billed SKU belongs to; the first that fits.
SKUS: tuple[tuple[str, Item], ...] = (
    (r"Vertex AI", "vertex ai"),  # its machines and its fee
    (r"Dataproc", "dataproc fee"),
    (r"GPU", "accelerators"),
    (r"Spot Preemptible .* Instance (Core|Ram)", "spot machines"),
    (r"Instance (Core|Ram)", "machines"),
    (r"PD Capacity", "disks"),
)


class Machine(NamedTuple):
    """One VM of the cluster, and how long it stood."""

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
    """Lines, and the date of the oldest price among them."""

    lines: tuple[Line, ...]
    prices_dated: str

    @property
    def total_usd(self) -> float:
        return sum(line.usd for line in self.lines)

    def of(self, item: Item) -> float:
        """USD of one item."""
        return sum(line.usd for line in self.lines if line.item == item)


class Comparison(NamedTuple):
    """One row of the reconciliation; None where a figure is not known, or the bill is in another currency."""

    item: str
    estimate_usd: float | None
    measured_usd: float
    measured_minus_estimate_usd: float | None
    billed: float | None
    currency: str | None
    billed_minus_measured_usd: float | None


def machines(scenario: Scenario, seconds: float) -> list[Machine]:
    """Every machine of a cluster, all for the same time: for an estimate, or where only the cluster's life is known."""
    disk = (scenario.disk_type, scenario.disk_gb, seconds)
    gpus = (scenario.accelerator_type, scenario.accelerator_count)
    master = Machine("m", scenario.master_machine_type, *disk)
    if not scenario.workers:
        return [Machine("m", scenario.machine_type, *disk, False, *gpus)]
    workers = [Machine(f"w-{i}", scenario.machine_type, *disk, False, *gpus) for i in range(scenario.workers)]
    spot = [Machine(f"sw-{i}", scenario.machine_type, *disk, True, *gpus) for i in range(scenario.spot_workers)]
    return [master, *workers, *spot]


def cost(used: Iterable[Machine], region: str) -> Cost:
    """What these machines cost in a region, at the prices of the table in use.

    Raises:
        UsageError: something has no price there; an unknown price is never taken for zero.
    """
    table = {(price.kind, price.sku): price for price in catalogue.prices() if price.region == region}
    if not table:
        raise unknown_name("region", region, {price.region for price in catalogue.prices()})
    lines: list[Line] = []
    dates: list[str] = []

    def add(item: Item, machine: Machine, kind: str, sku: str, amount: float, unit: str, seconds: float) -> None:
        price = _price(table, kind, sku, region)
        hours = seconds / 3600 / (HOURS_PER_MONTH if unit == "GB-month" else 1)
        lines.append(Line(item, machine.node, sku, seconds, amount * hours, unit, amount * hours * price.usd))
        dates.append(price.dated)

    for machine in used:
        seconds = billed_s(machine.seconds)
        item: Item = "spot machines" if machine.spot else "machines"
        kind = "machine_spot" if machine.spot else "machine"
        add(item, machine, kind, machine.machine_type, 1, "machine-h", seconds)
        if machine.accelerator_type:
            gpu = "accelerator_spot" if machine.spot else "accelerator"
            count = machine.accelerator_count
            add("accelerators", machine, gpu, machine.accelerator_type, count, "GPU-h", seconds)
        vcpus = catalogue.machine_type(machine.machine_type).vcpus
        add("dataproc fee", machine, "dataproc", "vcpu", vcpus, "vCPU-h", seconds)
        add("disks", machine, "disk", machine.disk_type, machine.disk_gb, "GB-month", math.ceil(machine.seconds))
    return Cost(tuple(lines), min(dates, default=""))


def breakdown(found: Cost) -> CostBreakdown:
    """The cost as a record keeps it: spot machines are machines, and ``seconds`` is the longest life among them."""
    return CostBreakdown(
        seconds=max((line.seconds for line in found.lines if line.item != "disks"), default=0.0),
        machines_usd=found.of("machines") + found.of("spot machines"),
        disks_usd=found.of("disks"),
        dataproc_usd=found.of("dataproc fee"),
        accelerators_usd=found.of("accelerators"),
        prices_dated=found.prices_dated,
    )


def billed_s(seconds: float) -> float:
    """The seconds that are billed for a machine that stood so long: whole ones, at least 60."""
    return max(LEAST_S, math.ceil(seconds))


def reconcile(estimate: Cost | float | None, measured: Cost, bill: Bill | None = None) -> list[Comparison]:
    """Estimate, measurement and bill in one table: a row per item, credits, and the total.

    ``other`` is what a lease is billed for and no price here covers, such as network traffic and log storage.

    Args:
        estimate: by item, or only its total in USD.
    """
    billed: dict[str, float] = {}
    for row in bill.rows if bill else ():
        item = item_of(row.sku)
        billed[item] = billed.get(item, 0.0) + row.cost
        billed["credits"] = billed.get("credits", 0.0) + row.credits
    currency = bill.currency if bill else None

    def row_of(name: str, estimated: float | None, found: float, charged: float | None) -> Comparison:
        more = None if estimated is None else found - estimated
        above = charged - found if charged is not None and currency == "USD" else None
        return Comparison(name, estimated, found, more, charged, currency, above)

    def estimated(item: Item) -> float | None:
        return estimate.of(item) if isinstance(estimate, Cost) else None

    rows = [
        row_of(item, estimated(item), measured.of(item), billed.get(item, 0.0) if billed else None)
        for item in ITEMS
        if estimated(item) or measured.of(item) or billed.get(item)
    ]
    if billed:
        rows.append(row_of("credits", None, 0.0, billed["credits"]))
    total = estimate.total_usd if isinstance(estimate, Cost) else estimate
    return [*rows, row_of("total", total, measured.total_usd, bill.total if bill else None)]


def item_of(sku: str) -> Item:
    """The item that a billed SKU belongs to, by its description."""
    return next((item for pattern, item in SKUS if re.search(pattern, sku)), "other")


def notes(bill: Bill | None) -> Sequence[str]:
    """What a reader must know of the bill; one sentence each."""
    if bill is None:
        return ["Not compared with a bill: no billing export table is named."]
    said = []
    if not bill.rows:
        said.append("The billing export has no row of this lease yet: rows arrive hours, and up to days, later.")
    elif not bill.complete:
        said.append("The bill may still grow: rows arrive hours, and up to days, after the usage.")
    if bill.currency not in (None, "USD"):
        said.append(f"The bill is in {bill.currency}, the prices here are in USD: no difference is computed.")
    return said


def _price(table: dict[tuple[str, str], Price], kind: str, sku: str, region: str) -> Price:
    try:
        return table[kind, sku]
    except KeyError:
        known = [s for k, s in table if k == kind]
        raise unknown_name(f"{kind.replace('_', ' ')} price in {region}", sku, known) from None
