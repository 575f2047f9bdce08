"""A job on the fake Dataproc, from submission to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.targets.dataproc import jobs as dataproc
from infra.targets.dataproc.jobs import DataprocDriver, submit
from tests.support.google.cloud import Cloud
from tests.support.google.jobs import Clock, a_job


@contextmanager
def submitted(cloud: Cloud, tmp_path: Path, **changes: Any) -> Iterator[tuple[DataprocDriver, Clock]]:
    clock = Clock()
    job = replace(a_job(), **changes)
    with submit(cloud.clients, job, tmp_path, clock=clock, sleep=clock.sleep) as driver:
        yield driver, clock


def finish(driver: DataprocDriver, clock: Clock) -> int:
    for _ in range(100):
        if (code := driver.poll()) is not None:
            return code
        clock.sleep(dataproc.POLL_S)
    raise AssertionError("the job does not end")
