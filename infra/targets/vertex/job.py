"""A custom training job on Vertex AI, as it is submitted: machines, container, limits and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from infra.base.errors import UsageError, unknown_name
from infra.targets.google.labels import ATTEMPT, labels, request_id

GRACE_S = 60.0  # what the service grants beyond the job's own limit
# Compute Engine's names of GPUs, which scenarios use -> Vertex AI's.
ACCELERATORS = {
    "nvidia-tesla-t4": "NVIDIA_TESLA_T4",
    "nvidia-tesla-p4": "NVIDIA_TESLA_P4",
    "nvidia-tesla-p100": "NVIDIA_TESLA_P100",
    "nvidia-tesla-v100": "NVIDIA_TESLA_V100",
    "nvidia-l4": "NVIDIA_L4",
    "nvidia-tesla-a100": "NVIDIA_TESLA_A100",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB",
    "nvidia-h100-80gb": "NVIDIA_H100_80GB",
}
# What a replica does: it unpacks the packages of the jobs, and becomes the job. Buckets are mounted at /gcs.
RUN = """set -eu
site=$(mktemp -d)
tar -xzf "$BAKEOFF_PACKAGES" -C "$site"
export PYTHONPATH="$site:$BAKEOFF_WORKLOADS"
exec python3 "$BAKEOFF_MAIN" "$@"
"""

Strategy = Literal["one-device", "mirrored", "multi-worker"]


@dataclass(frozen=True)
class VertexJob:
    """One attempt, as it is submitted.

    ``strategy``: one-device is one machine with at most one GPU; mirrored, one machine with several; multi-worker,
    ``machines`` of them, the first as chief.
    """

    lease: str
    scenario: str
    expires_at: datetime
    attempt: str  # what tells this attempt from any other, such as its record's name and when it began
    strategy: Strategy
    machine_type: str
    image_uri: str  # a container with Python 3.11
    packages_uri: str  # gs:// of packages.tar.gz
    main_uri: str  # gs:// of workloads/cluster_driver.py
    package_uri: str  # gs:// of the workloads' zip
    arguments: tuple[str, ...]
    time_limit_s: float
    output_uri: str  # gs://, the base output directory
    not_after: float  # unix s: the job ends itself then, however late it began
    log_uri: str  # gs://, what the chief's output is copied to, see workloads/cluster_driver.py
    environment: Mapping[str, str]
    machines: int = 1
    accelerator_type: str | None = None
    accelerators: int = 0  # of each machine
    disk_type: str = "pd-ssd"
    disk_gb: int = 100
    service_account: str | None = None
    network: str | None = None  # projects/NUMBER/global/networks/NAME, peered with Google's: no public address then

    @property
    def attempt_id(self) -> str:
        """The same for every try to submit this attempt."""
        return request_id(self.lease, self.attempt)

    @property
    def display_name(self) -> str:
        """At most 128 characters."""
        return f"bakeoff-{self.lease}-{self.attempt_id}"

    def check(self) -> None:
        """Raise UsageError for machines and accelerators that do not fit the strategy."""
        if self.accelerator_type is not None and self.accelerator_type not in ACCELERATORS:
            raise unknown_name("accelerator type", self.accelerator_type, ACCELERATORS)
        if (self.accelerator_type is None) != (self.accelerators == 0):
            raise UsageError(
                f"accelerator_type and accelerators go together; received {self.accelerator_type}, {self.accelerators}."
            )
        rules = {
            "one-device": (self.machines == 1 and self.accelerators <= 1, "one machine with at most one accelerator"),
            "mirrored": (self.machines == 1 and self.accelerators >= 2, "one machine with two accelerators or more"),
            "multi-worker": (self.machines >= 2, "two machines or more"),
        }
        fits, rule = rules[self.strategy]
        if not fits:
            raise UsageError(
                f"The strategy {self.strategy} needs {rule}; received {self.machines} x {self.accelerators} accelerators."
            )


def custom_job(job: VertexJob) -> Any:
    """The custom job; raises UsageError where the machines do not fit the strategy.

    Buckets are mounted at ``/gcs`` in every replica (cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system).
    ``scheduling.timeout`` holds on the server (its default is 7 days); nothing is restarted, since a second try would be
    measured as part of the first.
    """
    from google.cloud import aiplatform_v1
    from google.protobuf.duration_pb2 import Duration

    job.check()
    pool: dict[str, Any] = {
        "machine_spec": {"machine_type": job.machine_type},
        "disk_spec": {"boot_disk_type": job.disk_type, "boot_disk_size_gb": job.disk_gb},
        "container_spec": {
            "image_uri": job.image_uri,
            "command": ["/bin/sh", "-c", RUN, "bakeoff"],
            "args": [
                "--time-limit-s",
                f"{job.time_limit_s:g}",
                "--not-after",
                f"{job.not_after:.0f}",
                "--log",
                job.log_uri,
                *job.arguments,
            ],
            "env": [
                {"name": name, "value": value}
                for name, value in {
                    **job.environment,
                    "BAKEOFF_MAIN": _mounted(job.main_uri),
                    "BAKEOFF_WORKLOADS": _mounted(job.package_uri),
                    "BAKEOFF_PACKAGES": _mounted(job.packages_uri),
                }.items()
            ],
        },
    }
    if job.accelerator_type:
        pool["machine_spec"]["accelerator_type"] = ACCELERATORS[job.accelerator_type]
        pool["machine_spec"]["accelerator_count"] = job.accelerators
    pools = [{**pool, "replica_count": 1}]
    if job.machines > 1:
        pools.append({**pool, "replica_count": job.machines - 1})
    return aiplatform_v1.CustomJob(
        display_name=job.display_name,
        labels={**labels(job.lease, job.scenario, job.expires_at), ATTEMPT: job.attempt_id},
        job_spec={
            "worker_pool_specs": pools,
            "scheduling": {"timeout": Duration(seconds=int(job.time_limit_s + GRACE_S)), "disable_retries": True},
            "service_account": job.service_account or "",
            "network": job.network or "",
            "base_output_directory": {"output_uri_prefix": job.output_uri},
        },
    )


def _mounted(uri: str) -> str:
    return uri.replace("gs://", "/gcs/", 1)
