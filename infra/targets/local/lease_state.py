"""What a lease remembers of this host: the local target's part of ``lease.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from infra.base.errors import UsageError
from workloads.record import Isolation

if TYPE_CHECKING:
    from infra.leases.lease import Lease


class LocalState(BaseModel):
    """Chosen once per lease."""

    model_config = ConfigDict(extra="ignore")

    isolation: Isolation  # what this host could give when the lease was made
    network_cidr: str
    storage_port: int
    master_port: int
    master_webui_port: int
    local_cores_per_vcpu: float


def own(lease: Lease) -> LocalState:
    """The part of a lease of this target. Raises UsageError for a lease of another one."""
    if lease.state.local is None:
        raise UsageError(f"Lease {lease.id} is not of the local target, but of {lease.state.target}.")
    return lease.state.local
