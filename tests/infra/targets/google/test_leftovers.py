"""What clean finds and removes in a project, what it never touches, and that each of its guards is needed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.base.errors import CloudError, UsageError
from infra.base.progress import Silent
from infra.clusters.clean import CleanResult, clean
from infra.targets.dataproc.target import TARGET
from infra.targets.google import inventory
from infra.targets.google import lease as google_lease
from infra.targets.google.calls import call
from infra.targets.google.clients import Clients
from tests.support.google.project_life import Project
from tests.support.google.server import Refusal
from workloads.storage import open_store

PAST, FUTURE = str(int(time.time()) - 60), str(int(time.time()) + 7 * 86400)  # of the collection of the tests


@pytest.fixture
def project(buckets: dict[str, str], living: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(TARGET, "traits", replace(TARGET.traits, sweep_pause_s=0.0, sweep_s=120.0))
    return living


def swept(tmp_path: Path, *, yes: bool = True, lease_id: str | None = None) -> CleanResult:
    return clean(tmp_path / "runs", yes=yes, lease_id=lease_id, progress=Silent(), name="gcp")


def labels(lease: str, expires: str) -> dict[str, str]:
    return {"bakeoff-lease": lease, "bakeoff-scenario": "four-small-ssd", "bakeoff-expires": expires}


def strew(project: Project, buckets: dict[str, str], lease: str, expires: str, state: str = "ERROR") -> None:
    """All kinds of things of one lease; its cluster half-created or broken."""
    project.dataproc.add_cluster(f"bakeoff-{lease}", state, "half made", **labels(lease, expires))
    underscored = {key.replace("-", "_"): value for key, value in labels(lease, expires).items()}
    for node in ("m", "w-0", "w-1"):
        project.things.add("instances", f"bakeoff-{lease}-{node}", **underscored)
        project.things.add("disks", f"bakeoff-{lease}-{node}", **underscored)
    project.things.add("instances", f"stray-{lease}", **underscored)  # a machine whose cluster never came to be
    project.things.add("disks", f"stray-{lease}", **underscored)
    project.things.add("firewalls", f"bakeoff-{lease}-internal")
    project.things.add("addresses", f"bakeoff-{lease}-nat")
    open_store(f"gs://{buckets['data']}/leases/{lease}").write("images/daisy/a.jpg", b"x")
    open_store(f"gs://{buckets['state']}/leases/{lease}").write("default.tfstate", b"{}")


def strangers(project: Project) -> set[str]:
    """What looks like ours and is not."""
    project.dataproc.add_cluster("bakeoff-like", "RUNNING", "")
    project.things.add("firewalls", "bakeoff-foundation-internal-ssh")
    project.things.add("firewalls", "mybakeoff-abc123-x")
    project.things.add("addresses", "default-allow")
    project.things.add("instances", "bakeoff-abc123-x")  # the name, and no label
    return {"bakeoff-foundation-internal-ssh", "mybakeoff-abc123-x", "default-allow", "bakeoff-abc123-x"}


def test_an_expired_lease_goes_and_nothing_else(project: Project, buckets: dict[str, str], tmp_path: Path) -> None:
    strew(project, buckets, "old123", PAST)
    strew(project, buckets, "new123", FUTURE, "CREATING")
    kept = strangers(project)
    dry = swept(tmp_path, yes=False)
    assert {line.split(" ")[0] for line in dry.found} == {
        "cluster", "machine", "disk", "firewall", "address", "objects", "state",
    }  # fmt: skip
    assert all("old123" in line for line in dry.found) and dry.removed == []
    assert "bakeoff-old123" in project.dataproc.clusters

    done = swept(tmp_path)
    assert done.left == [] and set(done.removed) >= set(dry.found)
    assert set(project.dataproc.clusters) == {"bakeoff-new123", "bakeoff-like"}
    assert kept <= project.things.names and not any("old123" in name for name in project.things.names)
    assert any("new123" in line for line in done.foreign)
    assert open_store(f"gs://{buckets['state']}/leases/new123").exists("default.tfstate")
    assert open_store(f"gs://{buckets['state']}/leases/old123").list() == []
    assert swept(tmp_path).found == []


def test_a_named_lease_goes_before_its_expiry(project: Project, buckets: dict[str, str], tmp_path: Path) -> None:
    strew(project, buckets, "new123", FUTURE, "CREATING")
    strew(project, buckets, "two123", FUTURE)
    assert swept(tmp_path, lease_id="new123").left == []
    assert set(project.dataproc.clusters) == {"bakeoff-two123"}
    with pytest.raises(UsageError, match="bears the lease id 'xxx999'"):
        swept(tmp_path, lease_id="xxx999")


def test_running_jobs_are_cancelled(project: Project, buckets: dict[str, str], tmp_path: Path) -> None:
    from google.cloud import aiplatform_v1 as ai
    from google.cloud import dataproc_v1 as dp

    for number, state in enumerate(("RUNNING", "RUNNING", "DONE", "RUNNING")):
        ours = labels("old123", PAST) if number != 3 else {}
        reference = dp.JobReference(job_id=f"job-{number}")
        project.dataproc.jobs[f"job-{number}"] = dp.Job(reference=reference, status={"state": state}, labels=ours)
    name = f"{project.vertex.parent}/customJobs/1"
    project.vertex.jobs[name] = ai.CustomJob(name=name, state="JOB_STATE_RUNNING", labels=labels("old123", PAST))
    dry = swept(tmp_path, yes=False)
    assert sorted(line.split(" (")[0] for line in dry.found) == ["job job-0", "job job-1", f"training job {name}"]
    project.dataproc.script = [("RUNNING", "")]
    for item in TARGET.sweeper.find("old123"):
        TARGET.sweeper.remove(item)
    states = {key: job.status.state.name for key, job in project.dataproc.jobs.items()}
    assert states == {"job-0": "CANCEL_PENDING", "job-1": "CANCEL_PENDING", "job-2": "DONE", "job-3": "RUNNING"}
    assert project.vertex.jobs[name].state.name == "JOB_STATE_CANCELLING"


def test_a_disk_without_labels_is_known_by_its_name(project: Project, buckets: dict[str, str]) -> None:
    project.things.add("disks", "bakeoff-old123-w-0")
    project.things.add("disks", "bakeoff-old123-m", bakeoff_lease="old123")
    for name in ("bakeoff-other1-m", "bakeoff-old123-data", "bakeoff-team-data", "my-bakeoff-old123-m"):
        project.things.add("disks", name)
    found = [str(item).split()[1] for item in TARGET.sweeper.find("old123") if item.lease_id == "old123"]
    assert found == ["bakeoff-old123-m", "bakeoff-old123-w-0"]
    assert not [item for item in TARGET.sweeper.find(None) if "bakeoff-other1" in str(item) or "w-0" in str(item)]


def test_jobs_that_have_ended_are_not_listed(project: Project, buckets: dict[str, str]) -> None:
    """A long experiment leaves hundreds on a lease; Dataproc ignores its state matcher beside a filter."""
    from google.cloud import dataproc_v1 as dp

    for number, state in enumerate(("DONE", "ERROR", "DONE", "CANCELLED", "DONE", "RUNNING")):
        reference = dp.JobReference(job_id=f"job-{number}")
        labelled = labels("old123", PAST)
        project.dataproc.jobs[f"job-{number}"] = dp.Job(reference=reference, status={"state": state}, labels=labelled)
    assert inventory.running_jobs(project.clients, "old123") == ["job-5"]
    assert project.failures.calls["ListJobs"] == 1  # two a page


def test_one_protected_thing_protects_its_lease(project: Project, buckets: dict[str, str], tmp_path: Path) -> None:
    strew(project, buckets, "old123", PAST)
    project.things.there["disks", "stray-old123"]["labels"]["bakeoff-protected"] = "true"
    before = set(project.things.names)
    result = swept(tmp_path)
    assert result.found == [] and any("stray-old123" in line for line in result.foreign)
    assert project.things.names == before and "bakeoff-old123" in project.dataproc.clusters


def test_buckets_go_by_their_label_and_dataprocs_own_never(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bucket:
        def __init__(self, name: str, **given: str) -> None:
            self.name, self.time_created = name, None
            self.labels = {key.replace("_", "-"): value for key, value in given.items()}

    class Storage:
        def list_buckets(self, project: str) -> list[Bucket]:
            ours = {"bakeoff_lease": "old123", "bakeoff_expires": PAST}
            names = ("scratch-old123", "dataproc-staging-europe-west2-1-abc", "dataproc-temp-europe-west2-1-abc")
            return [*(Bucket(name, **ours) for name in names), Bucket("theirs"), Bucket("x", bakeoff_lease="new123")]

    class Fake:
        project_id, storage = "a-project", Storage()

    found = list(inventory._buckets(Fake(), "old123"))  # type: ignore[arg-type]
    assert [(item.kind, item.name) for item in found] == [("bucket", "scratch-old123")]


def test_an_api_that_fails_is_said_and_not_taken_for_nothing(
    project: Project, buckets: dict[str, str], tmp_path: Path
) -> None:
    strew(project, buckets, "old123", PAST)
    project.failures.add("ListClusters", Refusal("PERMISSION_DENIED", "dataproc.clusters.list denied"), times=5)
    with pytest.raises(CloudError, match="denied"):
        swept(tmp_path)


def first_page(method: Any, request: Any, backoff: Any) -> list[Any]:
    page = next(iter(call(method, request, backoff).pages))
    return list(getattr(page, "clusters", getattr(page, "jobs", [])))


@pytest.mark.parametrize(
    "mutation", ["no label filter", "first page only", "another region", "no protection", "no expiry"]
)
def test_each_guard_is_needed(
    project: Project, buckets: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutation: str
) -> None:
    """The client without one of its guards is refused by the fakes, or leaves or takes what it must not."""
    for lease in ("old123", "oldbbb", "oldccc"):  # more than one page
        strew(project, buckets, lease, PAST)
    strew(project, buckets, "new123", FUTURE)
    monkeypatch.setattr(TARGET, "traits", replace(TARGET.traits, sweep_s=2.0))  # some of it stays for ever
    match mutation:
        case "no label filter":
            monkeypatch.setattr(inventory, "_filter", lambda lease_id: "")
        case "first page only":
            monkeypatch.setattr(inventory, "pages", first_page)
        case "another region":
            monkeypatch.setattr(google_lease, "Clients", lambda project_id, region: Clients(project_id, "us-central1"))
        case "no protection":
            project.things.there["disks", "stray-old123"]["labels"]["bakeoff-protected"] = "true"
            monkeypatch.setattr(inventory, "PROTECTED", "something-else")
        case "no expiry":
            monkeypatch.setattr(inventory, "EXPIRES", "something-else")
    try:
        swept(tmp_path)
    except CloudError:
        return
    right = set(project.dataproc.clusters) == {"bakeoff-new123"} and {"stray-new123"} <= project.things.names
    if mutation == "no protection":
        right = "bakeoff-old123" in project.dataproc.clusters
    assert not right, f"nothing noticed: {mutation}"
