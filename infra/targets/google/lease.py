"""What a lease remembers of Google Cloud: Google's targets' part of ``lease.json``.

The settings are those the lease was made with, so that it can be found and destroyed after ``gcp.toml`` has changed.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from infra.leases.lease import Lease
from infra.targets.google.clients import Clients
from infra.targets.google.settings import GcpSettings, load_settings


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


def state_of(lease: Lease) -> GcpState:
    """The part of a lease of Google Cloud. Raises UsageError for a lease of another target."""
    return lease.target_state(GcpState)


def settings_of(lease: Lease | None) -> GcpSettings:
    """The settings a lease was made with; those of gcp.toml where it is not known."""
    return state_of(lease).settings if lease else load_settings()


def clients_of(lease: Lease | None) -> Clients:
    """Google's clients, for the project and region of a lease, or of gcp.toml."""
    settings = settings_of(lease)
    return Clients(settings.project_id, settings.region)


def lease_uri(lease: Lease) -> str:
    """Everything of a lease in the bucket lies below it."""
    return f"gs://{state_of(lease).settings.bucket}/leases/{lease.id}"


def attempt_uri(lease: Lease, folder: Path) -> str:
    """The attempt's own place in the bucket; ``folder`` is its working folder, whose name no other attempt has."""
    return f"{lease_uri(lease)}/attempts/{folder.name.lstrip('.')}"
