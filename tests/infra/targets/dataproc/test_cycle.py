"""A whole bench on a fake Google Cloud: apply (Terraform stubbed at ``infra.terraform.client.run``), submit, collect, destroy.

The job itself is no fake: the fake Dataproc runs its main file from the bucket, with the package that was uploaded.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from infra.base.errors import Interrupted, LeftoverError, TerraformError, UsageError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.catalogue import pricing
from infra.clusters import plan as plans
from infra.clusters import teardown
from infra.clusters.clean import clean
from infra.clusters.pool import bring_up
from infra.inputs.cells import cells
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.inputs.scenario import load_scenario
from infra.leases import lease as leases
from infra.measure import bench as benches
from infra.targets.dataproc.target import TARGET
from infra.targets.google import base, lives
from infra.targets.google.lease import state_of
from tests.support.google.dataproc import IMAGE_VERSION
from tests.support.google.life import StubTerraform, run_for_real
from tests.support.google.project_life import Project
from tests.support.google.server import Refusal
from workloads.record import RunRecord, Status
from workloads.storage import open_store

SHAPE = "four-small-ssd"
SETTINGS = {"sources": ["bucket"], "batch_sizes": [4], "batch_counts": [2], "repetitions": 1}


def experiment(images: Path | str, **changes: object) -> Experiment:
    workload = WorkloadSpec(name="read_speed", config=dict(SETTINGS))
    facts = {"name": "cycle", "scenarios": [SHAPE], "repeats": 1, "timeout_s": 280, "workloads": [workload]}
    return Experiment.model_validate({**facts, "data": DataSpec(images=str(images)), **changes})


@pytest.mark.timeout(600)
def test_a_bench_from_apply_to_destroy(
    project: Project, stub: StubTerraform, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.dataproc.on_submit = run_for_real(project, tmp_path)
    project.dataproc.properties["yarn:yarn.nodemanager.resource.memory-mb"] = "4000"
    runs = tmp_path / "runs"
    options = Options(runs, target="gcp", max_usd=2.0, max_minutes=60)
    rows = benches.bench(experiment(images), options, Silent())

    assert [row.status for row in rows] == [Status.OK], rows
    record = Path(str(rows[0].record))
    run = RunRecord.model_validate_json((record / "run.json").read_text())
    assert (run.target, run.region, run.zone) == ("gcp", "europe-west2", "europe-west2-b")
    assert run.job_id in project.dataproc.jobs
    assert run.stages.run_s is not None and run.stages.run_s > 0
    assert run.cost is not None and run.cost.measured is not None
    assert 0 < run.cost.measured.total_usd < run.cost.estimate.total_usd
    assert (run.cost.limit_usd, run.cost.limit_minutes) == (2.0, 60)
    assert run.image_version == IMAGE_VERSION
    unsampled = ("w-2", "w-3")  # the fake's other nodes write samples
    assert [line.split(":")[0] for line in run.missing if "mem_bytes" in line] == [
        f"no mem_bytes on {n}" for n in unsampled
    ]
    nodes = pd.read_parquet(record / "nodes.parquet")
    assert set(nodes.node) >= {"m", "w-0"} and nodes.cpu_cores.notna().all() and nodes.mem_bytes.max() == 2e9
    assert len(pd.read_parquet(record / "measurements.parquet")) > 0
    assert (record / "logs" / "driver.log").is_file()
    (job,) = project.dataproc.jobs.values()
    assert job.pyspark_job.properties["spark.executor.memory"] == f"{4000 - 1280 - 384}m"  # by what YARN has
    proof = json.loads((record / "teardown.json").read_text())
    assert proof["left"] == [] and proof["measured_usd"] < proof["estimated_usd"] < 2.0
    assert {life["node"] for life in proof["machines"]} >= {"m", "w-0", "w-1"} and proof["missing"] == []

    assert project.dataproc.clusters == {}
    assert list((runs / "leases").iterdir()) == []
    assert "destroy" in stub.calls
    assert clean(runs, yes=False, lease_id=None, progress=Silent(), name="gcp").found == []
    assert [r.status for r in benches.bench(experiment(images), options, Silent())] == ["done_before"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_images_in_a_bucket_are_read_where_they_are(
    project: Project, stub: StubTerraform, images: Path, tmp_path: Path, bucket: str
) -> None:
    for path in images.glob("*/*.jpg"):
        open_store(f"{bucket}/flowers").write(str(path.relative_to(images)), path.read_bytes())
    project.dataproc.on_submit = run_for_real(project, tmp_path)
    rows = benches.bench(experiment(f"{bucket}/flowers"), Options(tmp_path / "runs", target="gcp"), Silent())
    assert [row.status for row in rows] == [Status.OK], rows
    config = next(job for job in project.dataproc.jobs.values()).pyspark_job.args
    assert any("leases" in word for word in config)
    assert len(open_store(f"{bucket}/flowers").list()) == 12


def test_ctrl_c_cancels_the_job_and_destroys(
    project: Project, stub: StubTerraform, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.dataproc.script = [("RUNNING", "")]

    presses: list[str] = []

    def press(lease: object) -> None:
        if project.dataproc.jobs and not presses:
            presses.append("Ctrl-C")
            raise Interrupted("Stopped by SIGINT.")

    monkeypatch.setattr(TARGET.pricing, "breach", press)
    with pytest.raises(Interrupted):
        benches.bench(experiment(images), Options(tmp_path / "runs", target="gcp"), Silent())
    assert [job.status.state.name for job in project.dataproc.jobs.values()] == ["CANCELLED"]
    assert project.dataproc.clusters == {}
    assert list((tmp_path / "runs" / "cycle").glob("*/run.json")) == []


def test_a_breach_cancels_records_and_tears_down(
    project: Project, stub: StubTerraform, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.dataproc.script = [("RUNNING", "")]
    monkeypatch.setattr(base, "TEARDOWN_LEAD_S", 0.0)
    ours = TARGET.pricing.breach

    def late(lease: leases.Lease) -> str | None:
        if project.dataproc.jobs:
            lease.state = lease.state.model_copy(update={"expires_at": lease.state.created_at})
        return ours(lease)

    monkeypatch.setattr(TARGET.pricing, "breach", late)
    options = Options(tmp_path / "runs", target="gcp", max_usd=2.0)
    rows = benches.bench(experiment(images, repeats=2), options, Silent())
    assert [row.status for row in rows] == [Status.TIMED_OUT, "not_run"]
    assert "--max-usd 2 is reached" in str(rows[0].reason) and "--max-usd 2 is reached" in str(rows[1].reason)
    assert project.dataproc.clusters == {}
    proof = json.loads((Path(str(rows[0].record)) / "teardown.json").read_text())
    assert "--max-usd 2 is reached" in proof["breach"]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_usd": 0.05}, r"--max-usd 0.05 is less than the estimate of 0\.\d\d USD"),
        ({"max_minutes": 3}, r"--max-minutes 3 is less than the estimate of \d+"),
        ({"max_usd": -1}, "must be greater than 0"),
    ],
)
def test_an_estimate_beyond_a_limit_is_refused_before_anything_is_applied(
    project: Project, stub: StubTerraform, images: Path, tmp_path: Path, limits: dict[str, float], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        benches.bench(experiment(images), Options(tmp_path / "runs", target="gcp", **limits), Silent())  # type: ignore[arg-type]
    assert "apply" not in stub.calls and project.dataproc.clusters == {}


def test_the_budget_is_the_expiry_on_the_server(project: Project, stub: StubTerraform, tmp_path: Path) -> None:
    lease = bring_up(
        load_scenario(SHAPE), None, Options(tmp_path, target="gcp", max_usd=1.0), Silent(), experiment=None, kept=True
    )  # fmt: skip
    (cluster,) = project.dataproc.clusters.values()
    state = state_of(lease)
    assert state.limit_s == pytest.approx(1.0 / state.worst_usd_per_hour * 3600 - 120, abs=1)
    began, ends = (datetime.fromisoformat(t).timestamp() for t in (lease.state.created_at, lease.state.expires_at))
    assert ends - began == pytest.approx(state.limit_s, abs=60)  # each is of its own moment
    assert int(cluster.labels["bakeoff-expires"]) == int(ends)
    teardown.tear_down(lease, tmp_path, Silent())


@pytest.mark.parametrize("refused", [False, True], ids=["observed", "not_observed"])
def test_a_preempted_machine_is_not_paid_for_to_the_end(
    project: Project, stub: StubTerraform, tmp_path: Path, refused: bool
) -> None:
    lease = bring_up(load_scenario(SHAPE), None, Options(tmp_path, target="gcp"), Silent(), experiment=None, kept=True)
    began = datetime.now(UTC) - timedelta(hours=1)
    lease.update(created_at=began.isoformat())
    for machine in project.compute.instances.values():
        machine["creationTimestamp"] = began.isoformat()
    if refused:
        project.failures.add("instances", Refusal("PERMISSION_DENIED", "no compute.instances.list"))
    else:
        lives.look(lease, began.timestamp() + 600)
        del project.compute.instances[f"bakeoff-{lease.id}-w-0"]
        lives.look(lease, began.timestamp() + 1200)
    proof = teardown.tear_down(lease, tmp_path, Silent())
    whole = pricing.cluster_cost(lease.scenario, "europe-west2", 3600)
    if refused:
        assert proof.measured_usd == pytest.approx(whole.total_usd, rel=0.02) and proof.machines == []
        assert "no compute.instances.list" in proof.missing[0] and lives.WHOLE_LIFE in proof.missing[0]
        return
    lost = sum(line.usd for line in whole.lines if line.node == "w-0") * 2400 / 3600
    assert proof.measured_usd == pytest.approx(whole.total_usd - lost, rel=0.02) and proof.missing == []


def test_an_attempt_counts_spot_workers_for_as_long_as_they_stood(
    project: Project, stub: StubTerraform, tmp_path: Path
) -> None:
    """Two spot workers; one is gone before the attempt, one is replaced in its midst."""
    lease = bring_up(load_scenario(SHAPE), None, Options(tmp_path, target="gcp"), Silent(), experiment=None, kept=True)
    launched_at = datetime.now(UTC).timestamp() - 600
    cluster, machine_type = f"bakeoff-{lease.id}", lease.scenario.machine_type
    for machine in project.compute.instances.values():
        machine["creationTimestamp"] = datetime.fromtimestamp(launched_at - 900, UTC).isoformat()

    def spot(name: str, created_s: float) -> None:
        created = datetime.fromtimestamp(launched_at + created_s, UTC).isoformat()
        project.compute.add_instance(f"{cluster}-{name}", cluster, machine_type, created)

    for name in ("sw-old", "sw-mid"):
        spot(name, -900)
    lives.look(lease, launched_at - 600)
    del project.compute.instances[f"{cluster}-sw-old"]
    lives.look(lease, launched_at - 300)
    del project.compute.instances[f"{cluster}-sw-mid"]
    spot("sw-new", 400)
    said = TARGET.observer.collect(lease, tmp_path, launched_at, launched_at + 600)
    assert "sw-mid was preempted or replaced: it has no samples to the end" in said

    nodes = TARGET.observer.describe(lease, launched_at).nodes
    assert [node.node for node in nodes] == [*lease.node_names, "sw-mid", "sw-new"]
    assert {node.role for node in nodes if node.node.startswith("sw-")} == {"worker"}
    (cell,) = cells(experiment(tmp_path), {SHAPE: lease.scenario})[0]
    cost = TARGET.pricing.cost(lease, cell, launched_at, launched_at + 600)
    assert cost is not None and cost.measured is not None
    regular = pricing.cluster_cost(lease.scenario, "europe-west2", 600).total_usd
    of_spot = pricing.cluster_cost(lease.scenario.model_copy(update={"spot_workers": 1}), "europe-west2", 600).total_usd
    # sw-mid until it was missed, at the end; sw-new for its 200 s
    assert cost.measured.total_usd == pytest.approx(regular + (of_spot - regular) * 800 / 600, rel=1e-3)


def test_a_failed_apply_leaves_nothing(project: Project, stub: StubTerraform, tmp_path: Path) -> None:
    stub.fails = "Insufficient 'SSD_TOTAL_GB' quota"
    with pytest.raises(TerraformError, match="SSD_TOTAL_GB"):
        bring_up(load_scenario(SHAPE), None, Options(tmp_path, target="gcp"), Silent(), experiment=None, kept=True)
    assert project.dataproc.clusters == {}  # the cluster in ERROR had not reached the state: found by its label


def test_everything_in_the_way_is_one_list(project: Project, stub: StubTerraform, tmp_path: Path) -> None:
    project.project.apis.discard("dataproc.googleapis.com")
    project.compute.quotas["SSD_TOTAL_GB"] = (100, 0)
    with pytest.raises(UsageError) as raised:
        plans.plan(load_scenario(SHAPE), Options(tmp_path, target="gcp"), Silent())
    said = str(raised.value)
    assert said.startswith("2 things stand in the way")
    assert "gcloud services enable dataproc.googleapis.com" in said and said.count("Cure:") == 2


def test_a_plan_needs_the_right_to_read_and_an_apply_more(
    project: Project, stub: StubTerraform, tmp_path: Path
) -> None:
    """CI plans as an account that can change nothing."""
    project.project.permissions = {name for name in project.project.permissions if name.endswith((".get", ".list"))}
    assert [
        change.action for change in plans.plan(load_scenario(SHAPE), Options(tmp_path, target="gcp"), Silent())
    ] == ["create"]
    with pytest.raises(UsageError, match=r"You lack \d permissions in a-project: dataproc\.clusters\.create"):
        bring_up(load_scenario(SHAPE), None, Options(tmp_path, target="gcp"), Silent(), experiment=None, kept=True)
    project.project.permissions.discard("compute.regions.get")
    with pytest.raises(UsageError, match=r"You lack 1 permissions in a-project: compute\.regions\.get"):
        plans.plan(load_scenario(SHAPE), Options(tmp_path, target="gcp"), Silent())


def test_a_protected_cluster_is_not_touched(project: Project, stub: StubTerraform, tmp_path: Path) -> None:
    lease = bring_up(load_scenario(SHAPE), None, Options(tmp_path, target="gcp"), Silent(), experiment=None, kept=True)
    project.dataproc.clusters[f"bakeoff-{lease.id}"].labels["bakeoff-protected"] = "true"
    with pytest.raises(LeftoverError, match="protection"):
        teardown.tear_down(lease, tmp_path, Silent())
    assert "destroy" not in stub.calls
    result = clean(tmp_path, yes=True, lease_id=lease.id, progress=Silent(), name="gcp")
    assert result.left == [] and any("protected by its label" in line for line in result.foreign)
    assert f"bakeoff-{lease.id}" in project.dataproc.clusters
