"""What a lease remembers of Google Cloud: the gcp target's part of ``lease.json``.

The settings are those the lease was made with, so that it can be found and destroyed after ``gcp.toml`` has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from infra.base.errors import UsageError
from infra.targets.google.clients import Clients
from infra.targets.google.settings import GcpSettings

if TYPE_CHECKING:
    from infra.leases.lease import Lease


class GcpState(BaseModel):
    """Chosen once per lease."""

    model_config = ConfigDict(extra="ignore")

    settings: GcpSettings
    max_usd: float | None  # what the user asked for
    max_minutes: float | None
    limit_s: float  # what follows: the cluster's server-side time to live, from its creation
    worst_usd_per_hour: float  # what limit_s was computed with
    estimated_usd: float  # before apply
    dependencies_uri: str
    images_uri: str | None = None  # gs:// prefix that jobs read
    machines: int = 0  # Vertex AI: of the latest job, and how long they ran, from start to end
    machines_s: float | None = None


def own(lease: Lease) -> GcpState:
    """The part of a lease of this target. Raises UsageError for a lease of another one."""
    if lease.state.gcp is None:
        raise UsageError(f"Lease {lease.id} is not of Google Cloud, but of the target {lease.state.target}.")
    return lease.state.gcp


def clients_of(lease: Lease) -> Clients:
    """Google's clients, for the project and region of a lease."""
    settings = own(lease).settings
    return Clients(settings.project_id, settings.region)
