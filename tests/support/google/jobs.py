"""A scenario, a job to submit, and a clock that does not wait."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.targets.dataproc.jobs import DataprocJob
from workloads.record import Scenario

FOUR = Scenario(
    name="four",
    workers=4,
    machine_type="n1-standard-2",
    master_machine_type="n1-standard-1",
    disk_type="pd-ssd",
    disk_gb=200,
)
EXPIRES = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


def a_job(cluster: str = "bakeoff-abc123", attempt: str = "cell-1") -> DataprocJob:
    return DataprocJob(
        cluster=cluster,
        lease="abc123",
        scenario="four-small-ssd",
        expires_at=EXPIRES,
        attempt=attempt,
        main_uri="gs://b/cluster_driver.py",
        package_uri="gs://b/workloads.zip",
        arguments=("write_tfrecords", "--config", "gs://b/config.json", "--out", "gs://b/out"),
        time_limit_s=900,
        environment={"BAKEOFF_BUCKET": "b"},
        properties={"spark.executor.instances": "4"},
    )


class Clock:
    """Time that passes when it is slept."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
