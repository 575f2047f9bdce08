"""Jobs on a fake Dataproc: submitted once whatever the network does, followed, cancelled, and their end understood."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from infra.base.errors import AccessError, CloudError, JobError, LeftoverError, QuotaError
from infra.targets.dataproc import jobs as dataproc
from infra.targets.google.driver import CANCELLED_EXIT
from tests.support.google.cloud import IMPATIENT, Cloud
from tests.support.google.dataproc_job import finish, submitted
from tests.support.google.server import Refusal
from workloads.cluster_driver import TIME_LIMIT_EXIT

UNAVAILABLE = Refusal("UNAVAILABLE", "try again")
RATE_LIMIT = Refusal(
    "RESOURCE_EXHAUSTED",
    "Quota exceeded for quota metric 'Job requests' and limit 'Job requests per minute per region'",
    "RATE_LIMIT_EXCEEDED",
)
QUOTA = Refusal("RESOURCE_EXHAUSTED", "Insufficient 'CPUS' quota. Requested 40.0, available 24.0.", "QUOTA_EXCEEDED")


@pytest.fixture(autouse=True)
def cluster(cloud: Cloud) -> None:
    cloud.dataproc.add_cluster("bakeoff-abc123")


def test_a_job_from_submit_to_its_end(cloud: Cloud, tmp_path: Path) -> None:
    with submitted(cloud, tmp_path) as (driver, clock):
        assert driver.poll() is None
        assert finish(driver, clock) == driver.exit_code == 0
    assert driver.flaw is None
    (job,) = cloud.dataproc.jobs.values()
    assert dict(job.labels) == {
        "bakeoff-lease": "abc123",
        "bakeoff-scenario": "four-small-ssd",
        "bakeoff-expires": "1795550400",
    }
    words = list(job.pyspark_job.args)
    assert words[:4] == ["--time-limit-s", "900", "--env", "BAKEOFF_BUCKET=b"]
    assert words[4:] == ["write_tfrecords", "--config", "gs://b/config.json", "--out", "gs://b/out"]
    assert cloud.failures.calls["CancelJob"] == 0


def test_the_job_is_looked_at_every_other_second_only(cloud: Cloud, tmp_path: Path) -> None:
    with submitted(cloud, tmp_path) as (driver, clock):
        for _ in range(20):
            driver.poll()
            clock.sleep(0.1)
        assert cloud.failures.calls["GetJob"] == 1
        finish(driver, clock)


@pytest.mark.parametrize("refusal", [UNAVAILABLE, RATE_LIMIT], ids=lambda r: r.code)
@pytest.mark.parametrize("after", [False, True], ids=["before", "answer lost"])
def test_a_repeated_submission_makes_one_job(cloud: Cloud, tmp_path: Path, refusal: Refusal, after: bool) -> None:
    cloud.failures.add("SubmitJob", refusal, times=2, after=after)
    with submitted(cloud, tmp_path) as (driver, clock):
        assert finish(driver, clock) == 0
    assert cloud.failures.calls["SubmitJob"] == 3
    assert len(cloud.dataproc.jobs) == 1


def test_two_attempts_are_two_jobs(cloud: Cloud, tmp_path: Path) -> None:
    for attempt in ("cell-1", "cell-1.2"):
        with submitted(cloud, tmp_path, attempt=attempt) as (driver, clock):
            finish(driver, clock)
    assert len(cloud.dataproc.jobs) == 2


def test_polling_survives_a_server_that_is_away(cloud: Cloud, tmp_path: Path) -> None:
    with submitted(cloud, tmp_path) as (driver, clock):
        cloud.failures.add("GetJob", UNAVAILABLE, times=3)
        assert finish(driver, clock) == 0


def test_a_server_that_stays_away_is_an_error(cloud: Cloud, tmp_path: Path) -> None:
    cloud.backoff = IMPATIENT
    cloud.failures.add("GetCluster", UNAVAILABLE, times=1000)
    with pytest.raises(CloudError, match="did not answer in time"), submitted(cloud, tmp_path):
        pass


def test_a_quota_that_is_used_up_is_not_asked_again(cloud: Cloud, tmp_path: Path) -> None:
    cloud.failures.add("SubmitJob", QUOTA)
    with pytest.raises(QuotaError, match=r"Insufficient 'CPUS' quota.*smaller scenario"), submitted(cloud, tmp_path):
        pass
    assert cloud.failures.calls["SubmitJob"] == 1


def test_permission_denied_names_the_permission(cloud: Cloud, tmp_path: Path) -> None:
    refusal = Refusal(
        "PERMISSION_DENIED", "Not authorized.", "IAM_PERMISSION_DENIED", permission="dataproc.jobs.create"
    )
    cloud.failures.add("SubmitJob", refusal)
    with pytest.raises(AccessError, match=r"the permission dataproc\.jobs\.create"), submitted(cloud, tmp_path):
        pass


def test_a_disabled_api_names_the_command(cloud: Cloud, tmp_path: Path) -> None:
    refusal = Refusal(
        "PERMISSION_DENIED", "API has not been used", "SERVICE_DISABLED", service="dataproc.googleapis.com"
    )
    cloud.failures.add("GetCluster", refusal)
    with (
        pytest.raises(AccessError, match=r"gcloud services enable dataproc\.googleapis\.com"),
        submitted(cloud, tmp_path),
    ):
        pass


def test_leaving_early_cancels(cloud: Cloud, tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), submitted(cloud, tmp_path) as (driver, _):
        driver.poll()
        raise KeyboardInterrupt
    (job,) = cloud.dataproc.jobs.values()
    assert job.status.state.name == "CANCELLED"
    assert driver.exit_code == CANCELLED_EXIT


def test_an_interrupt_within_the_submission_cancels_the_job_that_arrived(cloud: Cloud, tmp_path: Path) -> None:
    cloud.failures.add("SubmitJob", Refusal("INTERNAL", "lost"), after=True)
    with pytest.raises(CloudError, match="lost"), submitted(cloud, tmp_path):
        pass
    (job,) = cloud.dataproc.jobs.values()
    assert job.status.state.name == "CANCEL_PENDING"


def test_a_job_that_ends_while_it_is_cancelled(cloud: Cloud, tmp_path: Path) -> None:
    with submitted(cloud, tmp_path) as (driver, _):
        cloud.failures.add("CancelJob", Refusal("FAILED_PRECONDITION", "Cannot cancel job in state DONE"))
        driver.cancel()
    assert driver.exit_code == 0


def test_a_job_that_does_not_end_is_left_over(cloud: Cloud, tmp_path: Path) -> None:
    cloud.dataproc.cancels_at_once = False
    words = r"still CANCEL_PENDING 90 s .*gcloud dataproc jobs kill bakeoff-abc123-"
    with pytest.raises(LeftoverError, match=words), submitted(cloud, tmp_path) as (driver, _):
        driver.cancel()


def test_a_cluster_in_error_takes_no_job(cloud: Cloud, tmp_path: Path) -> None:
    cloud.dataproc.add_cluster("bakeoff-abc123", "ERROR", "Cannot start master: Insufficient number of DataNodes")
    with pytest.raises(JobError, match="state ERROR: Cannot start master"), submitted(cloud, tmp_path):
        pass
    assert not cloud.dataproc.jobs


def test_a_cluster_that_breaks_ends_the_wait_for_a_pending_job(cloud: Cloud, tmp_path: Path) -> None:
    cloud.dataproc.script = [("PENDING", "")]
    with submitted(cloud, tmp_path) as (driver, clock):
        driver.poll()
        cloud.dataproc.add_cluster("bakeoff-abc123", "ERROR", "disk full")
        with pytest.raises(JobError, match="state ERROR: disk full"):
            finish(driver, clock)


def test_a_cluster_that_expired_says_so(cloud: Cloud, tmp_path: Path) -> None:
    with (
        pytest.raises(JobError, match=r"bakeoff-gone is gone: .* expiry"),
        submitted(cloud, tmp_path, cluster="bakeoff-gone"),
    ):
        pass


def test_a_failed_job_ends_with_the_drivers_last_words(cloud: Cloud, tmp_path: Path, bucket: str) -> None:
    cloud.dataproc.staging = bucket
    cloud.dataproc.script = [("RUNNING", ""), ("ERROR", "Google Cloud Dataproc Agent reports job failure.")]
    cloud.dataproc.output = {
        0: b"reading\nTraceback (most recent call last):\n",
        1: b'  File "my.py"\nValueError: no such column\n\nbakeoff-driver: {"exit": 2}\n',
    }
    with submitted(cloud, tmp_path) as (driver, clock):
        assert finish(driver, clock) == 2
    assert driver.details == "Google Cloud Dataproc Agent reports job failure."
    log = (tmp_path / "driver.log").read_text()
    assert log.rstrip().endswith("ValueError: no such column") and "bakeoff-driver" not in log


def test_the_time_limit_is_told_apart_from_a_failure(cloud: Cloud, tmp_path: Path, bucket: str) -> None:
    cloud.dataproc.staging = bucket
    cloud.dataproc.script = [("RUNNING", ""), ("ERROR", "job failure")]
    cloud.dataproc.output = {1: b'\nbakeoff-driver: {"time_limit_s": 900.0}\n'}
    with submitted(cloud, tmp_path) as (driver, clock):
        assert finish(driver, clock) == TIME_LIMIT_EXIT


def test_a_driver_that_was_started_anew_is_not_ok(cloud: Cloud, tmp_path: Path) -> None:
    cloud.dataproc.script = [("RUNNING", ""), ("ATTEMPT_FAILURE", "exit code 143"), ("RUNNING", ""), ("DONE", "")]
    with submitted(cloud, tmp_path) as (driver, clock):
        assert finish(driver, clock) == 0
    assert driver.flaw == "Dataproc started the driver anew: exit code 143"


def test_the_log_grows_while_the_job_runs(cloud: Cloud, tmp_path: Path, bucket: str) -> None:
    cloud.dataproc.staging = bucket
    cloud.dataproc.script = [("PENDING", ""), ("RUNNING", ""), ("RUNNING", ""), ("DONE", "")]
    told = b'\nbakeoff-driver: {"progress": {"done": 7, "total": 10, "unit": "images"}}\n'
    cloud.dataproc.output = {1: b"one\ntw", 2: b"o\n" + told, 3: b"three"}
    log = tmp_path / "driver.log"
    grown = []
    with submitted(cloud, tmp_path) as (driver, clock):
        while driver.poll() is None:
            grown.append((log.read_text(), driver.progress()))
            clock.sleep(dataproc.POLL_S)
    assert grown[0] == ("", (0, 100, "%"))
    assert grown[1][0] == "one\n"
    assert grown[2] == ("one\ntwo\n\n", (7, 10, "images"))
    assert log.read_text() == "one\ntwo\n\nthree\n"
