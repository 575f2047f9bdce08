"""How long the machines of a lease's jobs really ran: Vertex AI keeps the start and the end of every job."""

from __future__ import annotations

from typing import NamedTuple

from infra.targets.google.clients import Clients
from infra.targets.google.inventory import custom_jobs


class Span(NamedTuple):
    """The machines of one job."""

    machines: int
    seconds: float


def job_spans(clients: Clients, lease_id: str, now: float) -> list[Span]:
    """Every job of a lease whose machines started, ended or not (until ``now``, unix s). Raises as :func:`custom_jobs`."""
    return [
        Span(
            sum(pool.replica_count for pool in job.job_spec.worker_pool_specs),
            (job.end_time.timestamp() if job.end_time else now) - job.start_time.timestamp(),
        )
        for job in custom_jobs(clients, lease_id)
        if job.start_time
    ]
