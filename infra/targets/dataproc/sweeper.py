"""What a Dataproc lease leaves in the project, and on the host of its client."""

from __future__ import annotations

import contextlib
import json
import platform
from collections.abc import Sequence

from infra.base.errors import CloudError
from infra.leases.lease import Lease
from infra.targets.base import Leftover
from infra.targets.dataproc.submit import cancel_jobs
from infra.targets.google import inventory
from infra.targets.google.inventory import Resource
from infra.targets.google.lease import clients_of, settings_of
from infra.targets.google.sweeper import GoogleSweeper
from infra.terraform.orphans import find_orphans
from workloads.errors import WorkloadError
from workloads.storage import open_store

LOCK = "default.tflock"  # of the gcs backend (developer.hashicorp.com/terraform/language/backend/gcs)


class DataprocSweeper(GoogleSweeper):
    """Clusters, jobs, what Compute Engine holds of them, and objects."""

    def stop(self, lease_id: str, lease: Lease | None = None) -> None:
        """End running jobs, and forget the lock of a Terraform of this host, which is dead. A lock of another host stays."""
        if lease is not None:
            with contextlib.suppress(CloudError):  # the cluster goes with its jobs all the same
                cancel_jobs(lease)
        with contextlib.suppress(WorkloadError, ValueError):
            store = open_store(f"gs://{settings_of(lease).state_bucket}/leases/{lease_id}")
            if store.exists(LOCK) and platform.node() in str(json.loads(store.read(LOCK)).get("Who", "")):
                store.delete(LOCK)

    def resources(self, lease_id: str | None, lease: Lease | None) -> list[Resource]:
        return inventory.list_all(clients_of(lease), settings_of(lease), lease_id)

    def find(self, lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
        """Of one lease, first what runs on this host."""
        return [*(find_orphans(lease_id) if lease_id else []), *super().find(lease_id, lease)]
