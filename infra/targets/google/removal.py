"""How each thing of ours in a project is removed."""

from __future__ import annotations

from infra.base.errors import CloudError, MissingError
from infra.targets.google.calls import call, typed_error
from infra.targets.google.clients import Clients
from infra.targets.google.inventory import Resource
from workloads.storage import open_store


def remove(item: Resource) -> None:
    """Ask for one thing's removal; it may take a while. Raises CloudError or WorkloadError."""
    match item.kind:
        case "job":
            cancel_job(item.clients, item.name)
        case "training job":
            cancel_training(item.clients, item.name)
        case "cluster":
            _delete_cluster(item)
        case "machine":
            _delete(item, "Instances", "DeleteInstanceRequest", zone=item.place, instance=item.name)
        case "disk":
            _delete(item, "Disks", "DeleteDiskRequest", zone=item.place, disk=item.name)
        case "address":
            _delete(item, "Addresses", "DeleteAddressRequest", region=item.place, address=item.name)
        case "firewall":
            _delete(item, "Firewalls", "DeleteFirewallRequest", firewall=item.name)
        case "bucket":
            _delete_bucket(item)
        case "objects" | "state":
            open_store(item.name).delete_all()


def cancel_job(clients: Clients, job_id: str) -> None:
    """Ask Dataproc to cancel a job; one that has ended already is left as it is."""
    from google.cloud import dataproc_v1

    request = dataproc_v1.CancelJobRequest(project_id=clients.project_id, region=clients.region, job_id=job_id)
    try:
        call(clients.jobs.cancel_job, request, clients.backoff)
    except CloudError as error:
        if "FailedPrecondition" not in str(error):
            raise


def cancel_training(clients: Clients, name: str) -> None:
    """Ask Vertex AI to cancel a training job; one that has ended already, or is gone, is left as it is."""
    from google.cloud import aiplatform_v1

    request = aiplatform_v1.CancelCustomJobRequest(name=name)
    try:
        call(clients.custom_jobs.cancel_custom_job, request, clients.backoff)
    except CloudError as error:
        if "FailedPrecondition" not in str(error) and not isinstance(error, MissingError):
            raise


def _delete_cluster(item: Resource) -> None:
    from google.cloud import dataproc_v1

    request = dataproc_v1.DeleteClusterRequest(
        project_id=item.clients.project_id,
        region=item.clients.region,
        cluster_name=item.name,
        cluster_uuid=item.detail,  # never a new cluster of the same name
    )
    call(item.clients.clusters.delete_cluster, request, item.clients.backoff)


def _delete(item: Resource, collection: str, request_name: str, **where: str) -> None:
    from google.cloud import compute_v1

    request = getattr(compute_v1, request_name)(project=item.clients.project_id, **where)
    try:
        call(item.clients.compute(collection).delete, request, item.clients.backoff)
    except MissingError:
        return


def _delete_bucket(item: Resource) -> None:
    from google.api_core.exceptions import GoogleAPIError

    try:
        bucket = item.clients.storage.bucket(item.name)
        bucket.delete_blobs(list(bucket.list_blobs()))
        bucket.delete()
    except GoogleAPIError as error:
        raise typed_error(error) from error
