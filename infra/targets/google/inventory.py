"""The things of ours in a project, as its APIs list them.

Labels: cloud.google.com/resource-manager/docs/labels-overview. Firewalls and (on older APIs) addresses have none, so they
are known by their exact names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from infra.base.errors import AccessError
from infra.targets.google.calls import pages, typed_error
from infra.targets.google.clients import Clients
from infra.targets.google.labels import EXPIRES, LEASE
from infra.targets.google.lives import node_name
from infra.targets.google.settings import GcpSettings

PROTECTED = "bakeoff-protected"
LEASE_ID = re.compile(r"[a-z][a-z0-9]{5}")
NAME = re.compile(r"^bakeoff-([a-z][a-z0-9]{5})(?:-[a-z0-9-]+)?$")
DATAPROCS_OWN = re.compile(r"^dataproc-(staging|temp)-")  # one per project and region, of everybody's clusters
ENDED = ("DONE", "ERROR", "CANCELLED")
ACTIVE_VERTEX = ("JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_CANCELLING")

Kind = Literal["job", "training job", "cluster", "machine", "disk", "address", "firewall", "bucket", "objects", "state"]


@dataclass(frozen=True)
class Resource:
    """One thing in the project that bears a lease's mark."""

    kind: Kind
    name: str
    lease_id: str
    place: str  # zone, region, or the bucket of objects
    clients: Clients
    detail: str = ""
    expires_at: float | None = None  # unix s, from its label
    created_at: float | None = None  # unix s
    protected: bool = False
    expired: bool = False  # see :func:`infra.targets.google.sweeper.mark_expired`

    def __str__(self) -> str:
        said = f", {self.detail}" if self.detail and self.kind != "cluster" else ""
        return f"{self.kind} {self.name} ({self.place}{said}) of lease {self.lease_id}"


def list_all(clients: Clients, settings: GcpSettings, lease_id: str | None) -> list[Resource]:
    """Everything of one lease, or of any, in the order in which it can be removed. Changes nothing.

    Machines and disks of a cluster that is there are part of it, and go with it.
    """
    clustered = list(clusters(clients, lease_id))
    prefixes = tuple(f"{cluster.name}-" for cluster in clustered)
    parts = [*_machines(clients, lease_id), *_disks(clients, lease_id)]
    found = [
        *_jobs(clients, lease_id),
        *_training_jobs(clients, lease_id),
        *clustered,
        *(part for part in parts if part.protected or not (prefixes and part.name.startswith(prefixes))),
        *_addresses(clients, lease_id),
        *_firewalls(clients, lease_id),
        *_buckets(clients, lease_id),
    ]
    found += _objects(clients, "objects", settings.bucket, lease_id)
    found += _objects(clients, "state", settings.state_bucket, lease_id)  # goes last: it is how the rest is known
    return found


def list_vertex(clients: Clients, settings: GcpSettings, lease_id: str | None, *, known: bool) -> list[Resource]:
    """What a lease of Vertex AI's leaves: jobs, and objects in the bucket. Asks nothing of Dataproc or Compute Engine.

    Objects are told apart from a cluster's by the lease: ``known`` to be of Vertex AI, or named and with jobs that run.
    Others are left to :func:`list_all`, which sees whether their cluster stands, and to the bucket's own expiry.
    """
    jobs = list(_training_jobs(clients, lease_id))
    ours = lease_id is not None and (known or bool(jobs))
    return [*jobs, *(_objects(clients, "objects", settings.bucket, lease_id) if ours else ())]


def clusters(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    """Dataproc clusters in any state, half-created and broken ones among them; ``detail`` is the cluster's UUID."""
    from google.cloud import dataproc_v1

    request = dataproc_v1.ListClustersRequest(
        project_id=clients.project_id, region=clients.region, filter=_filter(lease_id)
    )
    for cluster in pages(clients.clusters.list_clusters, request, clients.backoff):
        if make := _labelled(clients, "cluster", cluster.cluster_name, dict(cluster.labels), clients.region, lease_id):
            yield make(cluster.cluster_uuid, None)


def running_jobs(clients: Clients, lease_id: str) -> list[str]:
    """Ids of the Dataproc jobs of a lease that have not ended."""
    return [job.name for job in _jobs(clients, lease_id)]


def _jobs(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    from google.cloud import dataproc_v1

    request = dataproc_v1.ListJobsRequest(
        project_id=clients.project_id,
        region=clients.region,
        filter=f"status.state = ACTIVE AND {_filter(lease_id)}",  # beside a filter, job_state_matcher is ignored
    )
    for job in pages(clients.jobs.list_jobs, request, clients.backoff):
        name, state = job.reference.job_id, job.status.state.name
        if state in ENDED:
            continue
        if make := _labelled(clients, "job", name, dict(job.labels), clients.region, lease_id):
            yield make(state, None)


def custom_jobs(clients: Clients, lease_id: str | None) -> list[Any]:
    """Vertex AI's custom jobs of a lease, or of any, in every state. Raises as :func:`infra.targets.google.calls.pages`."""
    from google.cloud import aiplatform_v1

    parent = f"projects/{clients.project_id}/locations/{clients.region}"
    wanted = f'labels.{LEASE}="{lease_id}"' if lease_id else f"labels.{LEASE}:*"
    request = aiplatform_v1.ListCustomJobsRequest(parent=parent, filter=wanted)
    return pages(clients.custom_jobs.list_custom_jobs, request, clients.backoff)


def _training_jobs(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    try:
        found = custom_jobs(clients, lease_id)
    except AccessError as error:
        if "services enable" in str(error):  # an API that is not enabled has no jobs
            return
        raise
    for job in found:
        if job.state.name not in ACTIVE_VERTEX:
            continue
        if make := _labelled(clients, "training job", job.name, dict(job.labels), clients.region, lease_id):
            yield make(job.state.name, None)


def _machines(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    yield from _aggregated(clients, "machine", "Instances", "AggregatedListInstancesRequest", "instances", lease_id)


def _disks(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    """By label; of one lease also by the exact names of its nodes, since it is not sure that Dataproc labels disks.

    By name alone, a disk of a lease that nobody names could be somebody's data.
    """
    labelled = list(_aggregated(clients, "disk", "Disks", "AggregatedListDisksRequest", "disks", lease_id))
    yield from labelled
    known = {(item.name, item.place) for item in labelled}
    if lease_id:
        yield from (item for item in _named_disks(clients, lease_id) if (item.name, item.place) not in known)


def _named_disks(clients: Clients, lease_id: str) -> Iterator[Resource]:
    from google.cloud import compute_v1

    wanted = f'name eq "bakeoff-{lease_id}-.*"'  # a regular expression
    request = compute_v1.AggregatedListDisksRequest(project=clients.project_id, filter=wanted)
    for _, scoped in pages(clients.compute("Disks").aggregated_list, request, clients.backoff):
        for disk in scoped.disks:
            if node_name(disk.name, f"bakeoff-{lease_id}"):
                yield from _named(clients, "disk", disk, str(disk.zone).rsplit("/", 1)[-1], lease_id)


def _aggregated(
    clients: Clients, kind: Kind, collection: str, request_name: str, field: str, lease_id: str | None
) -> Iterator[Resource]:
    """Items with our label in every zone: a zone that the settings no longer name is looked at, too."""
    from google.cloud import compute_v1

    wanted = f"labels.{LEASE}={lease_id}" if lease_id else f"labels.{LEASE}:*"
    request = getattr(compute_v1, request_name)(project=clients.project_id, filter=wanted)
    for _, scoped in pages(clients.compute(collection).aggregated_list, request, clients.backoff):
        for item in getattr(scoped, field):
            zone = str(item.zone).rsplit("/", 1)[-1]
            if make := _labelled(clients, kind, item.name, dict(item.labels), zone, lease_id):
                yield make(item.status, item.creation_timestamp)


def _addresses(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    from google.cloud import compute_v1

    request = compute_v1.ListAddressesRequest(project=clients.project_id, region=clients.region)
    for item in pages(clients.compute("Addresses").list, request, clients.backoff):
        yield from _named(clients, "address", item, clients.region, lease_id)


def _firewalls(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    from google.cloud import compute_v1

    request = compute_v1.ListFirewallsRequest(project=clients.project_id)
    for item in pages(clients.compute("Firewalls").list, request, clients.backoff):
        yield from _named(clients, "firewall", item, "global", lease_id)


def _buckets(clients: Clients, lease_id: str | None) -> Iterator[Resource]:
    from google.api_core.exceptions import GoogleAPIError

    try:
        for bucket in clients.storage.list_buckets(project=clients.project_id):
            if DATAPROCS_OWN.match(bucket.name):
                continue
            created = bucket.time_created
            if make := _labelled(clients, "bucket", bucket.name, dict(bucket.labels), "storage", lease_id):
                yield make("", created.isoformat() if created else None)
    except GoogleAPIError as error:
        raise typed_error(error) from error


def _objects(clients: Clients, kind: Kind, bucket: str, lease_id: str | None) -> Iterator[Resource]:
    """What lies below ``leases/<id>/``; created when its newest object was."""
    from google.api_core.exceptions import GoogleAPIError

    newest: dict[str, tuple[int, float]] = {}
    try:
        for blob in clients.storage.list_blobs(bucket, prefix=f"leases/{lease_id}/" if lease_id else "leases/"):
            name = blob.name.split("/")[1]
            if LEASE_ID.fullmatch(name):
                count, last = newest.get(name, (0, 0.0))
                newest[name] = count + 1, max(last, blob.updated.timestamp())
    except GoogleAPIError as error:
        raise typed_error(error) from error
    for name, (count, last) in sorted(newest.items()):
        uri = f"gs://{bucket}/leases/{name}"
        yield Resource(kind, uri, name, bucket, clients, f"{count} objects", created_at=last)


def _filter(lease_id: str | None) -> str:
    """Of Dataproc's lists; ``*`` is any value."""
    return f"labels.{LEASE} = {lease_id or '*'}"


def _labelled(
    clients: Clients, kind: Kind, name: str, labels: dict[str, str], place: str, lease_id: str | None
) -> Callable[[str, str | None], Resource] | None:
    """A maker of the resource, if its labels say that it is ours: filters of APIs are trusted with nothing."""
    ours = labels.get(LEASE, "")
    if not LEASE_ID.fullmatch(ours) or lease_id not in (None, ours):
        return None
    expires = labels.get(EXPIRES, "")
    facts: dict[str, Any] = {
        "expires_at": float(expires) if expires.isdigit() else None,
        "protected": labels.get(PROTECTED) == "true",
    }
    return lambda detail, created: Resource(
        kind, name, ours, place, clients, detail, created_at=_unix(created), **facts
    )


def _named(clients: Clients, kind: Kind, item: Any, place: str, lease_id: str | None) -> Iterator[Resource]:
    match = NAME.fullmatch(item.name)
    if match and lease_id in (None, match[1]):
        protected = dict(getattr(item, "labels", {})).get(PROTECTED) == "true"
        yield Resource(kind, item.name, match[1], place, clients, "", None, _unix(item.creation_timestamp), protected)


def _unix(stamp: str | None) -> float | None:
    return datetime.fromisoformat(stamp).timestamp() if stamp else None
