"""Run a job on a Dataproc cluster: submit, follow, cancel.

API: cloud.google.com/dataproc/docs/reference/rest/v1/projects.regions.jobs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.base.errors import AccessError, CloudError, CredentialsError, JobError, MissingError, QuotaError
from infra.targets.google.calls import call
from infra.targets.google.clients import Clients
from infra.targets.google.driver import CANCELLED_EXIT, FAILED_EXIT, RemoteDriver
from infra.targets.google.driver_log import DriverLog
from infra.targets.google.labels import labels, request_id
from infra.targets.google.removal import cancel_job
from workloads.cluster_driver import TIME_LIMIT_EXIT

POLL_S = 2.0  # between two looks at the job; the runner may ask more often
CLUSTER_EVERY_S = 20.0  # between two looks at the cluster: a job on a broken one may stay pending for ever
CANCEL_S = 90.0  # for a cancelled driver to end
ENDED = ("DONE", "ERROR", "CANCELLED")
YARN_PROPERTIES = ("yarn:yarn.nodemanager.resource.memory-mb", "yarn:yarn.scheduler.maximum-allocation-mb")
BROKEN = ("ERROR", "ERROR_DUE_TO_UPDATE", "DELETING", "STOPPING", "STOPPED")


@dataclass(frozen=True)
class DataprocJob:
    """One attempt, as it is submitted."""

    cluster: str
    lease: str
    scenario: str
    expires_at: datetime  # of the lease
    attempt: str  # what tells this attempt from any other, such as its record's name and when it began
    main_uri: str  # gs:// of workloads/cluster_driver.py
    package_uri: str  # gs:// of the workloads' zip
    arguments: tuple[str, ...]  # a workload's name or a script's URI, and what follows it
    time_limit_s: float
    environment: Mapping[str, str]
    properties: Mapping[str, str]  # of Spark

    @property
    def request_id(self) -> str:
        """The same for every try to submit this attempt."""
        return request_id(self.lease, self.attempt)

    @property
    def job_id(self) -> str:
        """Known before the answer, so that a job whose answer got lost can be cancelled. At most 100 characters."""
        return f"bakeoff-{self.lease}-{self.request_id}"


def submit_request(clients: Clients, job: DataprocJob) -> Any:
    """The request that submits a job.

    The jobs API has no time limit: ``cluster_driver`` holds it on the cluster. A driver that failed is not started again
    (``max_failures_per_hour`` 0), since a second try would be measured as part of the first.
    """
    from google.cloud import dataproc_v1

    environment = [word for name, value in job.environment.items() for word in ("--env", f"{name}={value}")]
    return dataproc_v1.SubmitJobRequest(
        project_id=clients.project_id,
        region=clients.region,
        request_id=job.request_id,
        job=dataproc_v1.Job(
            reference=dataproc_v1.JobReference(project_id=clients.project_id, job_id=job.job_id),
            placement=dataproc_v1.JobPlacement(cluster_name=job.cluster),
            labels=labels(job.lease, job.scenario, job.expires_at),
            scheduling=dataproc_v1.JobScheduling(max_failures_per_hour=0, max_failures_total=0),
            pyspark_job=dataproc_v1.PySparkJob(
                main_python_file_uri=job.main_uri,
                python_file_uris=[job.package_uri],
                args=["--time-limit-s", f"{job.time_limit_s:g}", *environment, *job.arguments],
                properties=dict(job.properties),
            ),
        ),
    )


class DataprocDriver(RemoteDriver):
    """A submitted job; its output goes to ``log`` as it grows."""

    def __init__(self, clients: Clients, job: DataprocJob, log: Path, **time: Any) -> None:
        super().__init__(poll_s=POLL_S, cancel_s=CANCEL_S, **time)
        self._clients, self._job = clients, job
        self.log = DriverLog(log)
        self.attempt_failures: list[str] = []
        self._yarn_progress = 0.0
        self._next_cluster_look = 0.0

    @property
    def job_id(self) -> str:
        return self._job.job_id

    @property
    def flaw(self) -> str | None:
        """A driver that Dataproc started anew: its second try was measured as part of the first."""
        failures = "; ".join(self.attempt_failures)
        return f"Dataproc started the driver anew: {failures}" if failures else None

    def progress(self) -> tuple[int, int, str]:
        """Done, total and unit: what the job tells, else YARN's percentage."""
        return self.log.progress if self.log.progress[1] else (round(self._yarn_progress), 100, "%")

    def _look(self, *, cancelling: bool) -> None:
        from google.cloud import dataproc_v1

        request = dataproc_v1.GetJobRequest(
            project_id=self._clients.project_id, region=self._clients.region, job_id=self._job.job_id
        )
        seen = call(self._clients.jobs.get_job, request, self._clients.backoff)
        self.state, self.details = seen.status.state.name, seen.status.details
        self._yarn_progress = max((app.progress for app in seen.yarn_applications), default=0.0)
        if self.state == "ATTEMPT_FAILURE" and self.details not in self.attempt_failures:
            self.attempt_failures.append(self.details)
        self.log.follow(seen.driver_output_resource_uri)
        if self.state in ENDED:
            self.log.close()
            self.exit_code = self._code()
        elif not cancelling and self._clock() >= self._next_cluster_look:
            self._next_cluster_look = self._clock() + CLUSTER_EVERY_S
            check_cluster(self._clients, self._job.cluster)

    def _code(self) -> int:
        if self.log.time_limit_s is not None:
            return TIME_LIMIT_EXIT
        if self.state == "DONE":
            return 0
        return CANCELLED_EXIT if self.state == "CANCELLED" else self.log.exit_code or FAILED_EXIT

    def _request_cancel(self) -> None:
        cancel_job(self._clients, self._job.job_id)

    def _kill_command(self) -> str:
        return f"gcloud dataproc jobs kill {self._job.job_id} --region {self._clients.region}"


@contextlib.contextmanager
def submit(clients: Clients, job: DataprocJob, logs: Path, **options: Any) -> Iterator[DataprocDriver]:
    """Submit a job; on leaving, whatever the reason, it has ended. Its output goes to ``driver.log`` as it grows.

    Args:
        options: ``clock`` and ``sleep`` of :class:`infra.targets.google.driver.RemoteDriver`.

    Raises:
        JobError: the cluster is not able to run it.
        CloudError: Dataproc refused it.
    """
    check_cluster(clients, job.cluster)
    try:
        call(clients.jobs.submit_job, submit_request(clients, job), clients.backoff)
    except (AccessError, CredentialsError, MissingError, QuotaError):  # it was refused
        raise
    except BaseException:
        with contextlib.suppress(CloudError):  # it may have arrived, and only the answer got lost
            cancel_job(clients, job.job_id)
        raise
    driver = DataprocDriver(clients, job, logs / "driver.log", **options)
    try:
        yield driver
    finally:
        driver.cancel()


def get_cluster(clients: Clients, name: str) -> Any:
    """The cluster as Dataproc knows it. Raises MissingError where it is gone, else as :func:`call`."""
    from google.cloud import dataproc_v1

    request = dataproc_v1.GetClusterRequest(project_id=clients.project_id, region=clients.region, cluster_name=name)
    return call(clients.clusters.get_cluster, request, clients.backoff)


def yarn_memory_mb(clients: Clients, name: str) -> float | None:
    """What YARN may give away on a node of the cluster, by the properties that Dataproc set; None where it names none."""
    try:
        properties = get_cluster(clients, name).config.software_config.properties
    except MissingError:
        return None
    named = [float(properties[key]) for key in YARN_PROPERTIES if properties.get(key, "").isdigit()]
    return min(named, default=None)


def find_fault(clients: Clients, name: str) -> tuple[str, bool] | None:
    """Why a cluster cannot run a job, in Dataproc's words, and whether it stands in ERROR; None: it can."""
    try:
        status = get_cluster(clients, name).status
    except MissingError as error:
        return f"The cluster {name} is gone: it was destroyed, or has reached its expiry. {error}", False
    if status.state.name not in BROKEN:
        return None
    said = f"The cluster {name} is in state {status.state.name}: {status.detail or 'no details'}"
    return said, status.state.name == "ERROR"


def check_cluster(clients: Clients, name: str) -> None:
    """Raise JobError, in Dataproc's words, if the cluster is broken, ending or gone."""
    if fault := find_fault(clients, name):
        raise JobError(fault[0])
