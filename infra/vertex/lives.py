"""How long the machines of a lease's jobs really ran: Vertex AI keeps the start and the end of every job."""

from __future__ import annotations

from typing import NamedTuple

from infra.gcp.calls import pages
from infra.gcp.clients import Clients
from infra.gcp.labels import LEASE


class Span(NamedTuple):
    """The machines of one job."""

    machines: int
    seconds: float


def of_jobs(clients: Clients, lease_id: str, now: float) -> list[Span]:
    """Every job of a lease whose machines started, ended or not (until ``now``, unix s). Raises as :func:`pages`."""
    from google.cloud import aiplatform_v1

    request = aiplatform_v1.ListCustomJobsRequest(
        parent=f"projects/{clients.project_id}/locations/{clients.region}", filter=f'labels.{LEASE}="{lease_id}"'
    )
    return [
        Span(
            sum(pool.replica_count for pool in job.job_spec.worker_pool_specs),
            (job.end_time.timestamp() if job.end_time else now) - job.start_time.timestamp(),
        )
        for job in pages(clients.custom_jobs.list_custom_jobs, request, clients.backoff)
        if job.start_time
    ]
