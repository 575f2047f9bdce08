"""What a lease leaves on Vertex AI: jobs that run, and objects in the bucket."""

from __future__ import annotations

import contextlib

from infra.base.errors import CloudError
from infra.leases.lease import Lease
from infra.targets.google import inventory, removal
from infra.targets.google.inventory import Resource
from infra.targets.google.lease import clients_of, settings_of
from infra.targets.google.sweeper import GoogleSweeper


class VertexSweeper(GoogleSweeper):
    """A protected job keeps the objects of its lease, too."""

    def stop(self, lease_id: str, lease: Lease | None = None) -> None:
        """Cancel running jobs."""
        with contextlib.suppress(CloudError):  # the sweep looks again
            cancel_jobs(lease_id, lease)

    def resources(self, lease_id: str | None, lease: Lease | None) -> list[Resource]:
        return inventory.list_vertex(clients_of(lease), settings_of(lease), lease_id, known=lease is not None)


def cancel_jobs(lease_id: str, lease: Lease | None) -> None:
    """Cancel the running jobs of a lease, other than protected ones; what cannot be cancelled now is left to a sweep."""
    for item in inventory.list_vertex(clients_of(lease), settings_of(lease), lease_id, known=False):
        if item.kind == "training job" and not item.protected:
            with contextlib.suppress(CloudError):
                removal.remove(item)
