"""What a lease cost: estimated, measured from the real seconds of each resource, and billed, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from infra.catalogue.pricing import Cost, Item
from infra.targets.google.billing import Bill, BilledRow

ITEMS: tuple[Item, ...] = ("machines", "spot machines", "accelerators", "disks", "dataproc fee", "vertex ai", "other")
# What a billed SKU belongs to, by ids: products are renamed, ids are not.
COMPUTE_ENGINE = "6F81-5844-456A"
SERVICES: dict[str, Item] = {
    "C7E2-9256-1C43": "vertex ai",  # called Vertex AI until 2026: its machines and its fee
    "363B-8851-170D": "dataproc fee",  # called Dataproc until 2026
}
DATAPROC_FEE = "DC33-D3C7-25CA"  # of a cluster's vCPUs, which Google lists among Compute Engine's
# The rest of Compute Engine by its descriptions, the first that fits: it has an id per machine series and region.
DESCRIPTIONS: tuple[tuple[str, Item], ...] = (
    (r"GPU", "accelerators"),
    (r"Spot Preemptible .* Instance (Core|Ram)", "spot machines"),
    (r"Instance (Core|Ram)", "machines"),
    (r"PD Capacity", "disks"),
)


class Comparison(NamedTuple):
    """One row of the reconciliation; None where a figure is not known, or the bill is in another currency."""

    item: str
    estimate_usd: float | None
    measured_usd: float
    measured_minus_estimate_usd: float | None
    billed: float | None
    currency: str | None
    billed_minus_measured_usd: float | None


def reconcile(estimate: Cost | float | None, measured: Cost, bill: Bill | None = None) -> list[Comparison]:
    """Estimate, measurement and bill in one table: a row per item, credits, and the total.

    ``other`` is what a lease is billed for and no price here covers, such as network traffic and log storage.

    Args:
        estimate: by item, or only its total in USD.
    """
    billed: dict[str, float] = {}
    for row in bill.rows if bill else ():
        item = item_of(row)
        billed[item] = billed.get(item, 0.0) + row.cost
        billed["credits"] = billed.get("credits", 0.0) + row.credits
    currency = bill.currency if bill else None

    def row_of(name: str, estimated: float | None, found: float, charged: float | None) -> Comparison:
        more = None if estimated is None else found - estimated
        above = charged - found if charged is not None and currency == "USD" else None
        return Comparison(name, estimated, found, more, charged, currency, above)

    def estimated(item: Item) -> float | None:
        return estimate.item_usd(item) if isinstance(estimate, Cost) else None

    rows = [
        row_of(item, estimated(item), measured.item_usd(item), billed.get(item, 0.0) if billed else None)
        for item in ITEMS
        if estimated(item) or measured.item_usd(item) or billed.get(item)
    ]
    if billed:
        rows.append(row_of("credits", None, 0.0, billed["credits"]))
    total = estimate.total_usd if isinstance(estimate, Cost) else estimate
    return [*rows, row_of("total", total, measured.total_usd, bill.total if bill else None)]


def item_of(row: BilledRow) -> Item:
    """The item that a billed SKU belongs to."""
    if row.sku_id == DATAPROC_FEE:
        return "dataproc fee"
    if row.service_id != COMPUTE_ENGINE:
        return SERVICES.get(row.service_id, "other")
    return next((item for pattern, item in DESCRIPTIONS if re.search(pattern, row.sku)), "other")


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
