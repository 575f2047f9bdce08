"""What a lease remembers of this host: the local target's part of ``lease.json``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from infra.leases.lease import Lease
from workloads.record import Isolation


class LocalState(BaseModel):
    """Chosen once per lease."""

    model_config = ConfigDict(extra="ignore")

    isolation: Isolation  # what this host could give when the lease was made
    network_cidr: str
    storage_port: int
    master_port: int
    master_webui_port: int
    local_cores_per_vcpu: float


def state_of(lease: Lease) -> LocalState:
    """The part of a lease of this target. Raises UsageError for a lease of another one."""
    return lease.target_state(LocalState)
