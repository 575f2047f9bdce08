"""A Vertex AI that holds custom jobs, and refuses what bakeoff must not ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import aiplatform_v1 as ai
from google.protobuf import empty_pb2

from tests.support.google.dataproc import LABEL_VALUE, LABELS
from tests.support.google.server import Method, Refusal, page, require

STARTED = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
CLAUSE = re.compile(r'(display_name|labels\.[a-z-]+)="([^"]*)"')
LONGEST = timedelta(days=7)


@dataclass
class FakeVertex:
    """Custom jobs by resource name. A job goes one step of ``script`` at each look, and stays at the last."""

    project: str = "a-project"
    region: str = "europe-west2"
    jobs: dict[str, ai.CustomJob] = field(default_factory=dict)
    script: list[tuple[str, str]] = field(
        default_factory=lambda: [("QUEUED", ""), ("PENDING", ""), ("RUNNING", ""), ("SUCCEEDED", "")]
    )
    run_s: float = 600.0
    page_size: int = 2
    cancels_at_once: bool = True
    on_submit: Callable[[Any], None] | None = None
    _step: dict[str, int] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        return f"projects/{self.project}/locations/{self.region}"

    def services(self) -> Mapping[str, Mapping[str, Method]]:
        return {
            "google.cloud.aiplatform.v1.JobService": {
                "CreateCustomJob": Method(ai.CreateCustomJobRequest, self._create),
                "ListCustomJobs": Method(ai.ListCustomJobsRequest, self._list),
                "GetCustomJob": Method(ai.GetCustomJobRequest, self._get),
                "CancelCustomJob": Method(ai.CancelCustomJobRequest, self._cancel),
            }
        }

    def _create(self, request: Any) -> Any:
        require(request.parent == self.parent, f"parent must be in the region of the endpoint: '{request.parent}'")
        job = request.custom_job
        spec = job.job_spec
        require(0 < len(job.display_name) <= 128, "display_name is required, up to 128 characters")
        for name in (*LABELS, "bakeoff-attempt"):
            require(LABEL_VALUE.fullmatch(job.labels.get(name, "")), f"label {name} missing or malformed")
        timeout = spec.scheduling.timeout
        require(timeout and timedelta(0) < timeout < LONGEST, "scheduling.timeout must be set: the default is 7 days")
        require(spec.scheduling.disable_retries, "a second try would be measured as part of the first")
        require(spec.base_output_directory.output_uri_prefix.startswith("gs://"), "base_output_directory must be set")
        require(spec.worker_pool_specs, "at least one worker pool")
        require(spec.worker_pool_specs[0].replica_count == 1, "the first pool is the chief: one replica")
        for pool in spec.worker_pool_specs:
            require(pool.machine_spec.machine_type not in ("", "n1-standard-1", "n1-standard-2"), "too small to train")
            require(pool.container_spec.image_uri, "image_uri is required")
            places = [v.value for v in pool.container_spec.env if v.name in ("BAKEOFF_MAIN", "BAKEOFF_PACKAGES")]
            require(len(places) == 2 and all(p.startswith("/gcs/") for p in places), "the bucket is mounted at /gcs")
            require(pool.disk_spec.boot_disk_type in ("pd-ssd", "pd-standard"), "boot disks are pd-ssd or pd-standard")
            require(pool.disk_spec.boot_disk_size_gb >= 100, "boot disks have 100 GB at least")
            gpus = pool.machine_spec.accelerator_count
            require(bool(gpus) == bool(pool.machine_spec.accelerator_type), "accelerator_type and _count go together")
        network = spec.network
        require(not network or re.fullmatch(r"projects/\d+/global/networks/[a-z-]+", network), "network by number")
        job.name = f"{self.parent}/customJobs/{len(self.jobs) + 1}"
        job.state = "JOB_STATE_QUEUED"
        self.jobs[job.name] = job
        if self.on_submit:
            self.on_submit(job)
        return job

    def _list(self, request: Any) -> Any:
        require(request.parent == self.parent, f"parent must be in the region of the endpoint: '{request.parent}'")
        for job in self.jobs.values():
            if job.state.name == "JOB_STATE_CANCELLING" and self.cancels_at_once:
                job.state = "JOB_STATE_CANCELLED"
        clauses = CLAUSE.findall(request.filter)
        present = re.findall(r"labels\.([a-z-]+):\*", request.filter)
        require(clauses or present, f"a list must be of ours only: {request.filter}")
        require(len(clauses) == request.filter.count("="), f"the filter is not understood: {request.filter}")
        found = [job for job in self.jobs.values() if all(_holds(job, *clause) for clause in clauses)]
        found = [job for job in found if all(label in job.labels for label in present)]
        some, token = page(found, request.page_token, self.page_size)
        return ai.ListCustomJobsResponse(custom_jobs=some, next_page_token=token)

    def _get(self, request: Any) -> Any:
        job = self._find(request.name)
        state = job.state.name.removeprefix("JOB_STATE_")
        if state == "CANCELLING":
            job.state = "JOB_STATE_CANCELLED"
        elif state not in ("CANCELLED", "SUCCEEDED", "FAILED", "EXPIRED"):
            step = self._step[job.name] = self._step.get(job.name, -1) + 1
            state, message = self.script[min(step, len(self.script) - 1)]
            job.state = f"JOB_STATE_{state}"
            job.error = {"message": message}
            if state in ("SUCCEEDED", "FAILED", "EXPIRED") and not job.end_time:
                job.start_time, job.end_time = STARTED, STARTED + timedelta(seconds=self.run_s)
        return job

    def _cancel(self, request: Any) -> Any:
        job = self._find(request.name)
        if job.state.name in ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"):
            raise Refusal("FAILED_PRECONDITION", f"job is in state {job.state.name}")
        job.state = "JOB_STATE_CANCELLING"
        return empty_pb2.Empty()

    def _find(self, name: str) -> Any:
        require(name.startswith(self.parent), f"the job must be in the region of the endpoint: '{name}'")
        if name not in self.jobs:
            raise Refusal("NOT_FOUND", f"The CustomJob {name} is not found")
        return self.jobs[name]


def _holds(job: Any, key: str, value: str) -> bool:
    if key == "display_name":
        return bool(job.display_name == value)
    return bool(job.labels.get(key.removeprefix("labels."), "") == value)
