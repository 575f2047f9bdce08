"""List prices from the Cloud Billing Catalog, as rows of the price table.

API: cloud.google.com/billing/docs/reference/rest/v1/services.skus/list. Dataproc's fee is known by its SKU's id, a machine's
and a disk's price by description and usage type, since their ids differ by series and region. Machines are priced by vCPU and
by GiB of memory; a price per month has 730 hours.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from infra.base.errors import CloudError
from infra.catalogue import Catalogue, MachineType, Price
from infra.targets.google.calls import pages
from infra.targets.google.clients import Clients
from infra.targets.google.cost import COMPUTE_ENGINE, DATAPROC_FEE

SERVICE = f"services/{COMPUTE_ENGINE}"  # Dataproc's fee is listed there too
SOURCE = f"https://cloudbilling.googleapis.com/v1/{SERVICE}/skus"
PAGE = 5000  # the API's maximum
ON_DEMAND, SPOT = "OnDemand", "Preemptible"
SERIES = {"n1": "N1 Predefined", "n2": "N2", "e2": "E2"}
DISKS = {"pd-standard": "Storage", "pd-balanced": "Balanced", "pd-ssd": "SSD backed"}
GPUS = {
    "nvidia-tesla-t4": "Nvidia Tesla T4",
    "nvidia-tesla-p4": "Nvidia Tesla P4",
    "nvidia-tesla-p100": "Nvidia Tesla P100",
    "nvidia-tesla-v100": "Nvidia Tesla V100",
}


class Sku(NamedTuple):
    """What is used of a SKU."""

    id: str
    description: str
    usage_type: str
    regions: frozenset[str]
    unit: str  # h, GiBy.h, GiBy.mo
    usd: float


@dataclass(frozen=True)
class Refreshed:
    """A new price table, and what the catalogue did not have."""

    prices: tuple[Price, ...]
    missing: tuple[str, ...]  # "kind sku region"


class Change(NamedTuple):
    """One price before and after; None: not in that table."""

    kind: str
    sku: str
    region: str
    before_usd: float | None
    after_usd: float | None


def refresh(clients: Clients, regions: Sequence[str], today: date) -> Refreshed:
    """Today's list prices of all that the catalogue knows, in these regions.

    Raises:
        CloudError: the catalogue does not answer, or has two prices for one thing.
    """
    skus = [sku for raw in _listed(clients) if (sku := _sku(raw)) is not None]
    fees = [sku for sku in skus if sku.id == DATAPROC_FEE]
    found: list[Price] = []
    missing: list[str] = []

    def add(kind: str, sku: str, region: str, usd: float | None, unit: str) -> None:
        if usd is None:
            missing.append(f"{kind} {sku} {region}")
        else:
            found.append(Price(kind, sku, region, round(usd, 5), unit, SOURCE, today.isoformat()))

    for region in regions:
        for kind, usage, spot in (("machine", ON_DEMAND, ""), ("machine_spot", SPOT, "Spot Preemptible ")):
            for machine in Catalogue.default().machine_types.values():
                add(kind, machine.name, region, _machine(skus, machine, region, usage, spot), "USD/h")
        for disk, words in DISKS.items():
            usd = _one(skus, rf"{words} PD Capacity( in .*)?", region, ON_DEMAND, "GiBy.mo")
            add("disk", disk, region, usd, "USD/GB-month")
        for gpu, words in GPUS.items():
            usd = _one(skus, rf"{words} GPU running in .*", region, ON_DEMAND, "h")
            add("accelerator", gpu, region, usd, "USD/h")
            spot_words = rf"{words} GPU attached to Spot Preemptible VMs running in .*"
            add("accelerator_spot", gpu, region, _one(skus, spot_words, region, SPOT, "h"), "USD/h")
        add("dataproc", "vcpu", region, _one(fees, ".*", region, ON_DEMAND, "h"), "USD/vCPU-h")
    return Refreshed(tuple(found), tuple(missing))


def write(prices: Sequence[Price], path: Path) -> None:
    """Write a price table, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Price._fields)
        for price in prices:
            writer.writerow(price._replace(usd=f"{price.usd:.5f}"))  # type: ignore[arg-type]
    part.replace(path)


def changes(before: Sequence[Price], after: Sequence[Price]) -> list[Change]:
    """What differs between two tables, in the regions of the new one."""
    regions = {price.region for price in after}
    old = {price[:3]: price.usd for price in before if price.region in regions}
    new = {price[:3]: price.usd for price in after}
    return [Change(*key, old.get(key), new.get(key)) for key in sorted({*old, *new}) if old.get(key) != new.get(key)]


def _listed(clients: Clients) -> list[Any]:
    from google.cloud import billing_v1

    request = billing_v1.ListSkusRequest(parent=SERVICE, currency_code="USD", page_size=PAGE)
    return pages(clients.price_catalogue.list_skus, request, clients.backoff)


def _sku(raw: Any) -> Sku | None:
    """The newest price of a SKU, beyond its free tier; None for one without a price."""
    if not raw.pricing_info:
        return None
    expression = raw.pricing_info[-1].pricing_expression
    if not expression.tiered_rates:
        return None
    last = max(expression.tiered_rates, key=lambda rate: rate.start_usage_amount)
    usd = last.unit_price.units + last.unit_price.nanos / 1e9
    return Sku(
        raw.sku_id, raw.description, raw.category.usage_type, frozenset(raw.service_regions), expression.usage_unit, usd
    )


def _machine(skus: list[Sku], machine: MachineType, region: str, usage: str, spot: str) -> float | None:
    words = SERIES.get(machine.series)
    if words is None:
        return None
    core = _one(skus, rf"{spot}{words} Instance Core running in .*", region, usage, "h")
    memory = _one(skus, rf"{spot}{words} Instance Ram running in .*", region, usage, "GiBy.h")
    return None if core is None or memory is None else machine.vcpus * core + machine.memory_gb * memory


def _one(skus: list[Sku], description: str, region: str, usage: str, unit: str) -> float | None:
    """The price of the one SKU that fits, or None; ``global`` is every region."""
    fitting = {
        sku.usd
        for sku in skus
        if sku.usage_type == usage
        and sku.unit == unit
        and sku.regions & {region, "global"}
        and re.fullmatch(description, sku.description)
    }
    if len(fitting) > 1:
        raise CloudError(
            f"The Billing Catalog has several prices for '{description}' in {region}: {sorted(fitting)}. "
            "Google has renamed or split a SKU: report it, and keep the shipped table until then."
        )
    return fitting.pop() if fitting else None
