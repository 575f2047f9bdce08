"""What machines of Vertex AI's cost: Compute Engine's list price, and Vertex AI's fee on top.

Vertex AI lists n1-standard-4 for training at 0.21849885 USD an hour in us-central1 (cloud.google.com/vertex-ai/pricing, as
quoted on 2026-09-08), which is 1.15 times Compute Engine's 0.19. The same ratio is taken for every machine, disk and
accelerator in every region, which is an assumption: :data:`ASSUMED` goes into every record.
"""

from __future__ import annotations

from infra.catalogue import pricing
from infra.catalogue.pricing import Machine
from workloads.record import CostBreakdown

FEE_RATIO = 0.15
ASSUMED = (
    "cost: list price of Compute Engine and 15 % on top, the ratio that Vertex AI lists for n1-standard-4 in us-central1; it is "
    "assumed for other machines, disks, accelerators and regions; the time in which machines were brought up is not counted"
)


def breakdown(machines: list[Machine], region: str) -> CostBreakdown:
    """What these machines cost in a region; there is no Dataproc. Raises UsageError for something without a price."""
    found = pricing.breakdown(pricing.cost(machines, region))
    fee = FEE_RATIO * (found.machines_usd + found.disks_usd + found.accelerators_usd)
    return found.model_copy(update={"dataproc_usd": 0.0, "vertex_usd": fee})
