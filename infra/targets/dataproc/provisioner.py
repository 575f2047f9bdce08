"""A Dataproc cluster by Terraform, whose state lies in a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from infra.leases.lease import Lease
from infra.targets.base import Provisioner
from infra.targets.dataproc.jobs import find_fault
from infra.targets.google.lease import clients_of, settings_of, state_of
from infra.terraform.process import Event

GIVEN = ("project_id", "region", "zone", "subnetwork", "service_account", "bucket", "staging_bucket", "temp_bucket")
CLUSTER = "google_dataproc_cluster.this"


class DataprocProvisioner(Provisioner):
    """One resource that counts, the cluster: Dataproc replaces single machines itself."""

    root = Path(__file__).resolve().parent / "terraform"

    def variables(self, lease: Lease, lease_dir: Path) -> Mapping[str, object]:
        """Google deletes the cluster by itself at ``expires_unix_s``."""
        state = state_of(lease)
        return {
            **lease.scenario.model_dump(exclude_defaults=True),
            **{name: getattr(state.settings, name) for name in GIVEN},
            "lease_id": lease.id,
            "labels": state.settings.labels,
            "dependencies_uri": state.dependencies_uri,
            "expires_unix_s": int(datetime.fromisoformat(lease.state.expires_at).timestamp()),
        }

    def backend(self, lease: Lease) -> Mapping[str, str]:
        """A key of its own in the state bucket, locked by Terraform."""
        return {"bucket": settings_of(lease).state_bucket, "prefix": f"leases/{lease.id}"}

    def parts(self, lease: Lease) -> list[str]:
        return ["cluster"]

    def part_of(self, event: Event) -> str | None:
        done = event.get("type") == "apply_complete" and event.get("hook", {}).get("action") == "create"
        kind = event.get("hook", {}).get("resource", {}).get("resource_type")
        return "cluster" if done and kind == "google_dataproc_cluster" else None

    def dead_parts(self, lease: Lease) -> dict[str, str | None]:
        """A cluster in ERROR is replaced whole; one that is gone Terraform sees itself."""
        name = cluster_name(lease)
        fault = find_fault(clients_of(lease), name)
        return {f"{name} ({fault[0]})": CLUSTER if fault[1] else None} if fault else {}


def cluster_name(lease: Lease) -> str:
    """As ``infra/targets/dataproc/terraform`` names it."""
    return f"bakeoff-{lease.id}"
