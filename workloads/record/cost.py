"""What an attempt was thought to cost, what was measured, and, later, what was billed."""

from __future__ import annotations

from pydantic import Field

from workloads.record.model import Model


class CostBreakdown(Model):
    """USD by what is paid for, at list prices; ``seconds`` is what was multiplied with the price per hour."""

    seconds: float  # of the machines, after the billing minimum
    machines_usd: float
    disks_usd: float
    dataproc_usd: float = 0.0  # the fee per vCPU
    vertex_usd: float = 0.0  # the fee of Vertex AI training
    accelerators_usd: float = 0.0
    prices_dated: str  # date of the oldest price used, ISO 8601

    @property
    def total_usd(self) -> float:
        return self.machines_usd + self.disks_usd + self.dataproc_usd + self.vertex_usd + self.accelerators_usd


class RunCost(Model):
    """What an attempt was thought to cost and did: ``estimate`` from its time limit or own time, before or without a bill.

    ``measured`` is made of the real seconds of each resource; what Google billed comes later, see :class:`Billed`.
    """

    estimate: CostBreakdown
    measured: CostBreakdown | None = None
    limit_usd: float | None = None  # --max-usd and --max-minutes of the lease
    limit_minutes: float | None = None


class Billed(Model):
    """``billed.json``: what the billing export says of a lease, written beside its records once it is known."""

    lease: str
    table: str  # project.dataset.table of the export
    queried_at: str  # ISO 8601, UTC
    complete: bool  # false while rows of the lease may still arrive
    currency: str
    total: float  # in that currency, credits subtracted
    by_sku: dict[str, float] = Field(default_factory=dict)
