"""Custom jobs on a fake Vertex AI: made once though the API knows no request id, followed, cancelled."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from infra.base.errors import AccessError, CloudError, LeftoverError, QuotaError, UsageError
from infra.targets.google.driver import CANCELLED_EXIT
from infra.targets.vertex.job import ACCELERATORS, RUN
from tests.support.google.cloud import IMPATIENT, Cloud
from tests.support.google.server import Refusal
from tests.support.google.vertex_job import finish, submitted
from workloads.cluster_driver import TIME_LIMIT_EXIT

pytestmark = pytest.mark.usefixtures("object_store")

UNAVAILABLE = Refusal("UNAVAILABLE", "try again")
RATE_LIMIT = Refusal("RESOURCE_EXHAUSTED", "Too many requests", "RATE_LIMIT_EXCEEDED")
QUOTA = Refusal(
    "RESOURCE_EXHAUSTED",
    "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus",
)


def test_a_job_from_submit_to_its_end(cloud: Cloud) -> None:
    with submitted(cloud, service_account="runner@p.iam.gserviceaccount.com") as (driver, clock):
        assert driver.poll() is None and driver.progress() == (0, 0, "")
        assert finish(driver, clock) == 0
    assert driver.run_s == 600
    (job,) = cloud.vertex.jobs.values()
    (pool,) = job.job_spec.worker_pool_specs
    assert pool.container_spec.command == ["/bin/sh", "-c", RUN, "bakeoff"]
    assert pool.container_spec.args[:5] == ["--time-limit-s", "900", "--not-after", "2000000000", "--log"]
    assert {e.name: e.value for e in pool.container_spec.env} == {
        "BAKEOFF_BUCKET": "b",
        "BAKEOFF_MAIN": "/gcs/b/x/cluster_driver.py",
        "BAKEOFF_WORKLOADS": "/gcs/b/x/workloads.zip",
        "BAKEOFF_PACKAGES": "/gcs/b/dependencies/1/packages.tar.gz",
    }
    assert job.job_spec.scheduling.timeout.total_seconds() == 960
    assert job.job_spec.service_account == "runner@p.iam.gserviceaccount.com"
    assert not job.job_spec.enable_web_access


@pytest.mark.parametrize(
    ("changes", "pools"),
    [
        ({}, [(1, 0)]),
        ({"accelerator_type": "nvidia-tesla-t4", "accelerators": 1}, [(1, 1)]),
        ({"strategy": "mirrored", "accelerator_type": "nvidia-l4", "accelerators": 4}, [(1, 4)]),
        ({"strategy": "multi-worker", "machines": 3}, [(1, 0), (2, 0)]),
        (
            {"strategy": "multi-worker", "machines": 2, "accelerator_type": "nvidia-tesla-v100", "accelerators": 2},
            [(1, 2), (1, 2)],
        ),
    ],
)
def test_worker_pools(cloud: Cloud, changes: dict[str, Any], pools: list[tuple[int, int]]) -> None:
    with submitted(cloud, **changes) as (driver, clock):
        finish(driver, clock)
    (job,) = cloud.vertex.jobs.values()
    found = [(p.replica_count, p.machine_spec.accelerator_count) for p in job.job_spec.worker_pool_specs]
    assert found == pools
    wanted = {ACCELERATORS[changes["accelerator_type"]]} if "accelerator_type" in changes else set()
    specs = [p.machine_spec for p in job.job_spec.worker_pool_specs]
    assert {s.accelerator_type.name for s in specs if s.accelerator_type} == wanted


def test_every_accelerator_is_one_of_vertex_ai() -> None:
    from google.cloud.aiplatform_v1 import AcceleratorType

    assert set(ACCELERATORS.values()) <= {kind.name for kind in AcceleratorType}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"machines": 2}, "one-device needs one machine with at most one accelerator; received 2 x 0"),
        ({"strategy": "mirrored"}, "mirrored needs one machine with two accelerators or more; received 1 x 0"),
        ({"strategy": "multi-worker"}, "multi-worker needs two machines or more; received 1 x 0"),
        ({"accelerator_type": "nvidia-tesla-t5", "accelerators": 1}, r"Did you mean 'nvidia-tesla-t4'\?"),
        ({"accelerators": 1}, "go together; received None, 1"),
    ],
)
def test_what_does_not_fit_is_refused(cloud: Cloud, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words), submitted(cloud, **changes):
        pass
    assert not cloud.vertex.jobs


@pytest.mark.parametrize("refusal", [UNAVAILABLE, RATE_LIMIT], ids=lambda r: r.code)
@pytest.mark.parametrize("after", [False, True], ids=["before", "answer lost"])
def test_a_repeated_submission_makes_one_job(cloud: Cloud, refusal: Refusal, after: bool) -> None:
    cloud.failures.add("CreateCustomJob", refusal, times=1 if after else 2, after=after)
    with submitted(cloud) as (driver, clock):
        assert finish(driver, clock) == 0
    assert len(cloud.vertex.jobs) == 1
    assert cloud.failures.calls["CreateCustomJob"] == (1 if after else 3)


def test_two_attempts_are_two_jobs(cloud: Cloud) -> None:
    for attempt in ("cell-1", "cell-1.2"):
        with submitted(cloud, attempt=attempt) as (driver, clock):
            finish(driver, clock)
    assert len(cloud.vertex.jobs) == 2


def test_a_server_that_stays_away_is_an_error(cloud: Cloud) -> None:
    cloud.backoff = IMPATIENT
    cloud.failures.add("CreateCustomJob", UNAVAILABLE, times=1000)
    with pytest.raises(CloudError, match="try again"), submitted(cloud):
        pass


def test_a_quota_that_is_used_up_is_not_asked_again(cloud: Cloud) -> None:
    cloud.failures.add("CreateCustomJob", QUOTA)
    with pytest.raises(QuotaError, match="custom_model_training_nvidia_t4_gpus"), submitted(cloud):
        pass
    assert cloud.failures.calls["CreateCustomJob"] == 1


def test_permission_denied(cloud: Cloud) -> None:
    words = {"permission": "aiplatform.customJobs.create"}
    cloud.failures.add("CreateCustomJob", Refusal("PERMISSION_DENIED", "no", "IAM_PERMISSION_DENIED", **words))
    with pytest.raises(AccessError, match=r"aiplatform\.customJobs\.create"), submitted(cloud):
        pass


@pytest.mark.parametrize(
    ("state", "message", "code"),
    [
        ("FAILED", "The replica workerpool0-0 exited with a non-zero status of 2. To find out more", 2),
        ("FAILED", "The replica workerpool0-0 exited with a non-zero status of 124.", TIME_LIMIT_EXIT),
        ("FAILED", "Internal error", 1),
        ("EXPIRED", "", TIME_LIMIT_EXIT),
    ],
)
def test_how_a_job_ends(cloud: Cloud, state: str, message: str, code: int) -> None:
    cloud.vertex.script = [("RUNNING", ""), (state, message)]
    with submitted(cloud) as (driver, clock):
        assert finish(driver, clock) == code
    assert driver.details == message


def test_leaving_early_cancels(cloud: Cloud) -> None:
    with contextlib.suppress(KeyboardInterrupt), submitted(cloud) as (driver, _):
        driver.poll()
        raise KeyboardInterrupt
    (job,) = cloud.vertex.jobs.values()
    assert job.state.name == "JOB_STATE_CANCELLED" and driver.exit_code == CANCELLED_EXIT


def test_an_interrupt_within_the_submission_cancels_the_job_that_arrived(cloud: Cloud) -> None:
    cloud.failures.add("CreateCustomJob", Refusal("INTERNAL", "lost"), after=True)
    with pytest.raises(CloudError, match="lost"), submitted(cloud):
        pass
    (job,) = cloud.vertex.jobs.values()
    assert job.state.name == "JOB_STATE_CANCELLED"


def test_a_job_that_does_not_end_is_left_over(cloud: Cloud) -> None:
    cloud.vertex.script = [("RUNNING", "")]
    cloud.failures.add("CancelCustomJob", Refusal("FAILED_PRECONDITION", "not now"), times=2)
    words = r"still JOB_STATE_RUNNING 300 s .*gcloud ai custom-jobs cancel projects/"
    with pytest.raises(LeftoverError, match=words), submitted(cloud) as (driver, _):
        driver.cancel()
