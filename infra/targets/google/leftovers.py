"""What a lease left in the project, found by label where the API has labels and by exact name where it has none.

Only what bears the label ``bakeoff-lease``, the exact name ``bakeoff-<lease>`` or ``bakeoff-<lease>-...``, or lies below
``leases/<lease>/`` in a bucket of the settings is ever found. Dataproc's own project-wide buckets never are, and nothing of
a lease of which one thing bears ``bakeoff-protected``.
"""

from __future__ import annotations

import contextlib
import json
import platform
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.base.errors import CloudError, MissingError
from infra.leases.lease import Lease
from infra.targets.base import Leftover
from infra.targets.dataproc.jobs import request_cancel
from infra.targets.dataproc.submit import cluster_name
from infra.targets.google import inventory, removal
from infra.targets.google.calls import call
from infra.targets.google.clients import Clients
from infra.targets.google.inventory import Resource
from infra.targets.google.lease_state import clients_of, own
from infra.targets.google.settings import GcpSettings, load_settings
from infra.targets.local import leftovers as host
from workloads.errors import WorkloadError
from workloads.storage import open_store

TERRAFORM_GRACE_S = 60.0  # to save its state in the bucket
NAMELESS_AGE_S = 24 * 3600.0  # what has no label to tell its expiry is orphaned when it is older than any lease may be
LOCK = "default.tflock"  # of the gcs backend (developer.hashicorp.com/terraform/language/backend/gcs)


def backend(settings: GcpSettings, lease_id: str) -> dict[str, str]:
    """Terraform's backend: the lease's key in the state bucket."""
    return {"bucket": settings.state_bucket, "prefix": f"leases/{lease_id}"}


def find(lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
    """Everything of one lease, or of any, in the order in which it can be removed; first what runs on this host."""
    cloud = unprotected(inventory.of(*where(lease), lease_id))
    return [*(host.find(lease_id) if lease_id else []), *cloud]


def protected(lease_id: str | None, lease: Lease | None = None) -> list[str]:
    """What bears the protection label, one line each; the rest of its lease is left alone with it."""
    return protections(inventory.of(*where(lease), lease_id))


def unprotected(found: Sequence[Resource]) -> list[Resource]:
    """What may be removed: nothing of a lease of which one thing bears the protection label."""
    kept = {item.lease_id for item in found if item.protected}
    return [item for item in found if item.lease_id not in kept]


def protections(found: Sequence[Resource]) -> list[str]:
    """What bears the protection label, one line each."""
    return [f"{item}, protected by its label" for item in found if item.protected]


def expired(found: Sequence[Leftover]) -> set[str]:
    """Leases of which something is past its expiry and nothing is before it.

    Where nothing has a label, the age decides: no lease lives for longer than a day.
    """
    now = time.time()
    ids = set()
    for lease_id in {item.lease_id for item in found}:
        mine = [item for item in found if item.lease_id == lease_id and isinstance(item, Resource)]
        expiries = [item.expires_at for item in mine if item.expires_at is not None]
        ages = [now - item.created_at for item in mine if item.created_at is not None]
        if (expiries and max(expiries) < now) or (not expiries and ages and min(ages) > NAMELESS_AGE_S):
            ids.add(lease_id)
    return ids


def remove(item: Leftover) -> None:
    """Remove one thing; what is on its way out already is left to go."""
    if not isinstance(item, Resource):
        assert isinstance(item, host.Item)
        host.remove(item)
        return
    with contextlib.suppress(CloudError, WorkloadError):  # whoever asks looks again with find
        removal.remove(item)


def before_destroy(lease_id: str, lease: Lease | None) -> None:
    """End an orphaned Terraform of this host, then forget the lock it left. A lock of another host stays."""
    host.stop_terraform(lease_id, TERRAFORM_GRACE_S)
    if lease is not None:
        with contextlib.suppress(CloudError):  # the cluster goes with its jobs all the same
            cancel_jobs(lease)
    settings = own(lease).settings if lease else load_settings()
    with contextlib.suppress(WorkloadError, ValueError):
        store = open_store(f"gs://{settings.state_bucket}/leases/{lease_id}")
        if store.exists(LOCK) and platform.node() in str(json.loads(store.read(LOCK)).get("Who", "")):
            store.delete(LOCK)


def cancel_jobs(lease: Lease) -> None:
    """Cancel the jobs of a lease that still run: a killed client left them."""
    clients = clients_of(lease)
    for name in inventory.running_jobs(clients, lease.id):
        request_cancel(clients, name)


def in_error(lease: Lease) -> bool:
    """True for a cluster that stands in the state ERROR."""
    from google.cloud import dataproc_v1

    clients = clients_of(lease)
    request = dataproc_v1.GetClusterRequest(
        project_id=clients.project_id, region=clients.region, cluster_name=cluster_name(lease)
    )
    try:
        return bool(call(clients.clusters.get_cluster, request, clients.backoff).status.state.name == "ERROR")
    except MissingError:
        return False


def fetch_setup_logs(lease: Lease, logs: Path) -> None:
    """Output of each node's initialization action, from the staging bucket."""
    found = [c for c in inventory.clusters(clients_of(lease), lease.id) if c.detail]
    for cluster in found:
        prefix = f"gs://{own(lease).settings.staging_bucket}/google-cloud-dataproc-metainfo/{cluster.detail}"
        with contextlib.suppress(WorkloadError):
            store = open_store(prefix)
            for name in _outputs(entry.name for entry in store.list()):
                target = logs / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(store.read(name))


def _outputs(names: Iterable[str]) -> list[str]:
    return [name for name in names if "dataproc-initialization-script" in name and name.endswith("_output")]


def where(lease: Lease | None) -> tuple[Clients, GcpSettings]:
    """Clients and settings of a lease; of gcp.toml where it is not known."""
    settings = own(lease).settings if lease else load_settings()
    return Clients(settings.project_id, settings.region), settings
