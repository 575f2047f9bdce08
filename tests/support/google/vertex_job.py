"""A job on the fake Vertex AI, from submission to its end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.targets.vertex.driver import POLL_S, VertexDriver, submit
from infra.targets.vertex.job import VertexJob
from tests.support.google.cloud import Cloud
from tests.support.google.jobs import EXPIRES, Clock

JOB = VertexJob(
    lease="abc123",
    scenario="four-small-ssd",
    expires_at=EXPIRES,
    attempt="cell-1",
    strategy="one-device",
    machine_type="n1-standard-8",
    image_uri="python:3.11-slim-bookworm",
    packages_uri="gs://b/dependencies/1/packages.tar.gz",
    main_uri="gs://b/x/cluster_driver.py",
    package_uri="gs://b/x/workloads.zip",
    arguments=("train", "--config", "gs://b/x/config.json", "--out", "gs://b/x/out"),
    time_limit_s=900,
    output_uri="gs://b/x/out",
    log_uri="gs://b/x/driveroutput",
    not_after=2e9,
    environment={"BAKEOFF_BUCKET": "b"},
)


@contextmanager
def submitted(cloud: Cloud, **changes: Any) -> Iterator[tuple[VertexDriver, Clock]]:
    clock = Clock()
    with (
        tempfile.TemporaryDirectory() as logs,
        submit(cloud.clients, replace(JOB, **changes), Path(logs), clock=clock, sleep=clock.sleep) as driver,
    ):
        yield driver, clock


def finish(driver: VertexDriver, clock: Clock) -> int:
    for _ in range(100):
        if (code := driver.poll()) is not None:
            return code
        clock.sleep(POLL_S)
    raise AssertionError("the job does not end")
