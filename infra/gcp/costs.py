"""Costs of a lease, for its records: ``infra/gcp/cost.py`` in the record's terms."""

from __future__ import annotations

from infra.gcp.cost import Cost, billed_s, cost, machines
from workloads.record import CostBreakdown, Scenario


def of_cluster(scenario: Scenario, region: str, seconds: float) -> Cost:
    """What a cluster costs that stands so long, with all its machines. Raises UsageError for something without a price."""
    return cost(machines(scenario, seconds), region)


def breakdown(found: Cost) -> CostBreakdown:
    """A cost by what is paid for."""
    return CostBreakdown(
        seconds=max((billed_s(line.seconds) for line in found.lines), default=0.0),
        machines_usd=found.of("machines") + found.of("spot machines"),
        disks_usd=found.of("disks"),
        dataproc_usd=found.of("dataproc fee"),
        accelerators_usd=found.of("accelerators"),
        prices_dated=found.prices_dated,
    )
