"""``teardown.json``: the proof that a lease is gone."""

from __future__ import annotations

from pydantic import Field

from workloads.record.model import Model


class MachineLife(Model):
    """One machine of a cluster; Unix seconds."""

    node: str
    machine_type: str
    created_at: float
    gone_by: float | None = None  # when it was first missed: at the latest then it had ended


class Teardown(Model):
    """``teardown.json``: written beside the records of a lease once it is gone."""

    lease: str
    destroyed_at: str
    destroy_s: float
    found: list[str]
    removed: list[str]
    left: list[str]
    lived_s: float | None = None  # from the lease's creation to its end
    estimated_usd: float | None = None  # of the whole lease, before apply; Google Cloud only
    measured_usd: float | None = None  # of the whole lease, from the real seconds of each machine, or see missing
    machines: list[MachineLife] = Field(default_factory=list)  # as observed; empty before the field was, and locally
    missing: list[str] = Field(default_factory=list)  # what measured_usd does not know; one sentence each
    breach: str | None = None  # the hard limit that ended the lease, if one did
