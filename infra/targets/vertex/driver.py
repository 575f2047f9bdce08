"""Run a job of the workload contract on Vertex AI, as a custom training job: submit, poll, cancel.

API: cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.customJobs.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.base.errors import CloudError
from infra.targets.google.calls import call, is_transient, pages, typed_error
from infra.targets.google.clients import Clients
from infra.targets.google.driver import CANCELLED_EXIT, FAILED_EXIT, RemoteDriver
from infra.targets.google.driver_log import DriverLog
from infra.targets.google.labels import ATTEMPT
from infra.targets.google.removal import cancel_training
from infra.targets.vertex.job import VertexJob, custom_job
from workloads.cluster_driver import TIME_LIMIT_EXIT

POLL_S = 5.0
CANCEL_S = 300.0  # machines are stopped, too
ENDED = {
    "JOB_STATE_SUCCEEDED": 0,
    "JOB_STATE_FAILED": FAILED_EXIT,
    "JOB_STATE_CANCELLED": CANCELLED_EXIT,
    "JOB_STATE_EXPIRED": TIME_LIMIT_EXIT,
}
EXIT_WORDS = re.compile(r"non-zero status of (\d+)")


def create(clients: Clients, job: VertexJob, sleep: Callable[[float], None] = time.sleep) -> Any:
    """Submit a job once, whatever the network does.

    This API has no request id: a submission whose answer got lost cannot simply be repeated. So each try is preceded by
    a search for a job with this attempt's display name and label, and no try is repeated blindly.

    Raises:
        QuotaError, AccessError, CloudError: as their names say.
    """
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import aiplatform_v1

    request = aiplatform_v1.CreateCustomJobRequest(parent=_parent(clients), custom_job=custom_job(job))
    waited, wait_s = 0.0, clients.backoff.first_s
    while True:
        if found := find(clients, job):
            return found
        try:
            return clients.custom_jobs.create_custom_job(request=request, retry=None, timeout=clients.backoff.attempt_s)
        except (GoogleAPIError, GoogleAuthError) as error:
            if not is_transient(error) or waited >= clients.backoff.total_s:
                raise typed_error(error) from error
        sleep(wait_s)
        waited, wait_s = waited + wait_s, min(2 * wait_s, clients.backoff.longest_s)


def find(clients: Clients, job: VertexJob) -> Any | None:
    """The job that an earlier try of this attempt made, or None."""
    from google.cloud import aiplatform_v1

    request = aiplatform_v1.ListCustomJobsRequest(
        parent=_parent(clients), filter=f'display_name="{job.display_name}" AND labels.{ATTEMPT}="{job.attempt_id}"'
    )
    found = pages(clients.custom_jobs.list_custom_jobs, request, clients.backoff)
    return found[0] if found else None


def _parent(clients: Clients) -> str:
    return f"projects/{clients.project_id}/locations/{clients.region}"


class VertexDriver(RemoteDriver):
    """A submitted custom job. What its chief says is copied to a file as it grows, from the bucket.

    What the container says before the job begins, and the other replicas, is in Cloud Logging
    (cloud.google.com/vertex-ai/docs/training/view-logs).
    """

    def __init__(self, clients: Clients, job: VertexJob, name: str, log: Path, **time: Any) -> None:
        super().__init__(poll_s=POLL_S, cancel_s=CANCEL_S, **time)
        self._clients, self._name, self._log_uri = clients, name, job.log_uri
        self.log = DriverLog(log)
        self.run_s: float | None = None  # from start to end of the machines, once it has ended

    @property
    def job_id(self) -> str:
        """``projects/PROJECT/locations/REGION/customJobs/NUMBER``."""
        return self._name

    def progress(self) -> tuple[int, int, str]:
        """Done, total and unit, as the job tells them."""
        return self.log.progress

    def _look(self, *, cancelling: bool) -> None:
        from google.cloud import aiplatform_v1

        request = aiplatform_v1.GetCustomJobRequest(name=self._name)
        seen = call(self._clients.custom_jobs.get_custom_job, request, self._clients.backoff)
        self.state, self.details = seen.state.name, seen.error.message
        self.log.follow(self._log_uri)
        if self.state in ENDED:
            self.log.close()
            self.exit_code = self._code()
            if seen.start_time and seen.end_time:
                self.run_s = (seen.end_time - seen.start_time).total_seconds()

    def _code(self) -> int:
        if self.log.time_limit_s is not None:
            return TIME_LIMIT_EXIT
        told = EXIT_WORDS.search(self.details) if self.state == "JOB_STATE_FAILED" else None
        if self.state == "JOB_STATE_FAILED" and self.log.exit_code:
            return self.log.exit_code  # the chief's own word; the message may be of another replica
        return int(told[1]) if told else ENDED[self.state]

    def _request_cancel(self) -> None:
        cancel_training(self._clients, self._name)

    def _kill_command(self) -> str:
        return f"gcloud ai custom-jobs cancel {self._name} --region {self._clients.region}"


@contextlib.contextmanager
def submit(clients: Clients, job: VertexJob, logs: Path, **time: Any) -> Iterator[VertexDriver]:
    """Submit a job; on leaving, whatever the reason, it has ended. Its output goes to ``driver.log``. Raises as
    :func:`create`.

    Args:
        time: ``clock`` and ``sleep`` of :class:`infra.targets.google.driver.RemoteDriver`.
    """
    driver: VertexDriver | None = None
    try:
        driver = VertexDriver(clients, job, create(clients, job, **_sleep(time)).name, logs / "driver.log", **time)
        yield driver
    finally:
        if driver is None:  # interrupted: it may have arrived, and only the answer got lost
            with contextlib.suppress(CloudError):
                arrived = find(clients, job)
                driver = VertexDriver(clients, job, arrived.name, logs / "driver.log", **time) if arrived else None
        if driver is not None:
            driver.cancel()


def _sleep(time: Mapping[str, Any]) -> dict[str, Any]:
    return {"sleep": time["sleep"]} if "sleep" in time else {}
