"""A Dataproc that holds clusters and jobs, and refuses what bakeoff must not ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import dataproc_v1 as dp

from tests.support.google.server import Method, Refusal, require
from workloads.storage import open_store

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{1,63}")
IMAGE_VERSION = "2.3.10-debian12"  # what 2.3-debian12 is today
LABELS = ("bakeoff-lease", "bakeoff-scenario", "bakeoff-expires")


@dataclass
class FakeDataproc:
    """Clusters by name and jobs by id. A job goes one step of ``script`` at each look, and stays at the last.

    ``output`` is what the driver has written by each step; it grows in the bucket, a chunk per step.
    """

    project: str = "a-project"
    region: str = "europe-west2"
    staging: str = ""  # gs://bucket
    clusters: dict[str, dp.Cluster] = field(default_factory=dict)
    jobs: dict[str, dp.Job] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)  # request id -> job id
    script: list[tuple[str, str]] = field(
        default_factory=lambda: [("PENDING", ""), ("RUNNING", ""), ("RUNNING", ""), ("DONE", "")]
    )
    output: dict[int, bytes] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)  # of new clusters, as Dataproc sets them
    cancels_at_once: bool = True
    on_submit: Any = None
    _step: dict[str, int] = field(default_factory=dict)

    def add_cluster(self, name: str, state: str = "RUNNING", detail: str = "", **labels: str) -> None:
        status = dp.ClusterStatus(state=state, detail=detail)
        self.clusters[name] = dp.Cluster(
            project_id=self.project, cluster_name=name, status=status, labels=labels, cluster_uuid=f"uuid-{name}",
            config={"software_config": {"image_version": IMAGE_VERSION, "properties": self.properties}},
        )  # fmt: skip

    def services(self) -> Mapping[str, Mapping[str, Method]]:
        return {
            "google.cloud.dataproc.v1.JobController": {
                "SubmitJob": Method(dp.SubmitJobRequest, self._submit),
                "GetJob": Method(dp.GetJobRequest, self._get),
                "CancelJob": Method(dp.CancelJobRequest, self._cancel),
            },
            "google.cloud.dataproc.v1.ClusterController": {
                "GetCluster": Method(dp.GetClusterRequest, self._get_cluster),
            },
        }

    def _check_place(self, request: Any) -> None:
        require(request.project_id == self.project, f"project_id must be {self.project}: '{request.project_id}'")
        require(request.region == self.region, f"region must be that of the endpoint: '{request.region}'")

    def _submit(self, request: Any) -> Any:
        self._check_place(request)
        job = request.job
        require(REQUEST_ID.fullmatch(request.request_id), f"request_id missing or malformed: '{request.request_id}'")
        for name in LABELS:
            require(LABEL_VALUE.fullmatch(job.labels.get(name, "")), f"label {name} missing or malformed")
        require(job.labels["bakeoff-expires"].isdigit(), "label bakeoff-expires must be Unix seconds")
        arguments = list(job.pyspark_job.args)
        require("--time-limit-s" in arguments, "the job has no time limit")
        require(float(arguments[arguments.index("--time-limit-s") + 1]) > 0, "the time limit must be positive")
        require(job.pyspark_job.main_python_file_uri.startswith("gs://"), "main_python_file_uri must be in the bucket")
        if request.request_id in self.requests:  # the second request is ignored, and the first job returned
            return self.jobs[self.requests[request.request_id]]
        cluster = self._find_cluster(job.placement.cluster_name)
        if cluster.status.state.name != "RUNNING":
            raise Refusal("FAILED_PRECONDITION", f"Cluster {cluster.cluster_name} is {cluster.status.state.name}")
        job_id = job.reference.job_id or f"job-{len(self.jobs)}"
        if job_id in self.jobs:
            raise Refusal("ALREADY_EXISTS", f"Job {job_id} exists")
        job.reference.job_id = job_id
        job.status = dp.JobStatus(state="PENDING")
        self.jobs[job_id] = job
        self.requests[request.request_id] = job_id
        if self.on_submit:
            self.on_submit(job)
        return job

    def _get(self, request: Any) -> Any:
        self._check_place(request)
        job = self._find_job(request.job_id)
        if job.status.state.name not in ("CANCEL_PENDING", "CANCELLED", "DONE", "ERROR"):
            step = self._step[request.job_id] = self._step.get(request.job_id, -1) + 1
            state, details = self.script[min(step, len(self.script) - 1)]
            job.status = dp.JobStatus(state=state, details=details)
            self._write_output(job, step)
        elif job.status.state.name == "CANCEL_PENDING" and self.cancels_at_once:
            job.status = dp.JobStatus(state="CANCELLED", details="Job cancelled by user")
        return job

    def _write_output(self, job: Any, step: int) -> None:
        if step in self.output:
            self._write_chunk(job, sum(1 for known in self.output if known < step), self.output[step])

    def _write_chunk(self, job: Any, number: int, text: bytes) -> None:
        folder = f"google-cloud-dataproc-metainfo/uuid/jobs/{job.reference.job_id}"
        job.driver_output_resource_uri = f"{self.staging}/{folder}/driveroutput"
        open_store(f"{self.staging}/{folder}").write(f"driveroutput.{number:09d}", text)

    def _cancel(self, request: Any) -> Any:
        self._check_place(request)
        job = self._find_job(request.job_id)
        if job.status.state.name in ("CANCELLED", "DONE", "ERROR"):
            raise Refusal("FAILED_PRECONDITION", f"Cannot cancel job in state {job.status.state.name}")
        job.status = dp.JobStatus(state="CANCEL_PENDING")
        return job

    def _get_cluster(self, request: Any) -> Any:
        self._check_place(request)
        return self._find_cluster(request.cluster_name)

    def _find_job(self, job_id: str) -> Any:
        if job_id not in self.jobs:
            raise Refusal("NOT_FOUND", f"Job not found {job_id}")
        return self.jobs[job_id]

    def _find_cluster(self, name: str) -> dp.Cluster:
        if name not in self.clusters:
            raise Refusal("NOT_FOUND", f"Cluster not found: {name}")
        return self.clusters[name]
