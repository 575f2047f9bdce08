"""A whole bench on a fake Vertex AI: check, submit, collect, tear down. The job itself is no fake: what each replica's
container would run is run here, with the bucket's objects in the place of the mounted ones.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from infra.base.errors import Interrupted, SetupError, UsageError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.cli.app import app
from infra.clusters import plan as plans
from infra.clusters import teardown
from infra.clusters.clean import clean
from infra.clusters.pool import Pool, bring_up
from infra.inputs.cells import cells
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.inputs.scenario import load_scenario
from infra.leases import lease as leases
from infra.measure import bench as benches
from infra.targets.google import dependencies, reconcile
from infra.targets.google.lease import state_of
from infra.targets.registry import target_of_directory
from infra.targets.vertex import costs, pools
from infra.targets.vertex.target import TARGET
from tests.support.google.project_life import Project
from tests.support.google.replicas import empty_archive, run_for_real
from workloads.record import RunRecord, Status

ACCOUNT = 'vertex_service_account = "bakeoff-vertex@a-project.iam.gserviceaccount.com"\n'
SHAPE = "four-medium-ssd"
READ = {"sources": ["bucket"], "batch_sizes": [4], "batch_counts": [2], "repetitions": 1}


@pytest.fixture
def project(buckets: dict[str, str], living: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    path = tmp_path / "gcp.toml"
    path.write_text(ACCOUNT + path.read_text())
    monkeypatch.setattr(dependencies, "archive", lambda names: empty_archive())
    hasty = replace(TARGET.traits, poll_s=0.01, sweep_pause_s=0.0, sweep_s=120.0)
    monkeypatch.setattr(TARGET, "traits", hasty)
    monkeypatch.setattr("infra.targets.vertex.driver.POLL_S", 0.05)
    living.compute.offered |= {"n1-standard-4"}
    living.project.apis.discard("dataproc.googleapis.com")  # it is not needed
    return living


def experiment(images: Path, workload: str = "read_speed", **config: object) -> Experiment:
    spec = WorkloadSpec(name=workload, config=dict(READ) if workload == "read_speed" else config)
    facts = {"name": "cycle", "scenarios": [SHAPE], "repeats": 1, "timeout_s": 600, "workloads": [spec]}
    return Experiment.model_validate({**facts, "data": DataSpec(images=str(images))})


@pytest.mark.timeout(900)
def test_a_bench_from_submit_to_the_end(project: Project, images: Path, tmp_path: Path) -> None:
    project.vertex.on_submit = run_for_real(project, tmp_path)
    runs = tmp_path / "runs"
    rows = benches.bench(experiment(images), Options(runs, target="vertex", max_usd=5.0), Silent())
    assert [row.status for row in rows] == [Status.OK], rows

    record = Path(str(rows[0].record))
    run = RunRecord.model_validate_json((record / "run.json").read_text())
    assert (run.target, run.region, run.zone) == ("vertex", "europe-west2", None)
    assert run.job_id in project.vertex.jobs
    assert [node.node for node in run.nodes] == ["workerpool0-0"] and run.nodes[0].role == "single"
    assert run.cost is not None and run.cost.measured is not None
    assert 0 < run.cost.measured.total_usd < run.cost.estimate.total_usd and run.cost.measured.dataproc_usd == 0
    assert run.cost.measured.vertex_usd > 0
    assert any("no samples of any node" in line for line in run.missing) and costs.ASSUMED in run.missing
    assert len(pd.read_parquet(record / "measurements.parquet")) > 0
    assert pd.read_parquet(record / "nodes.parquet").empty
    said = (record / "logs" / "driver.log").read_text()
    assert said and "bakeoff-driver" not in said
    proof = json.loads((record / "teardown.json").read_text())
    assert proof["left"] == [] and 0 < proof["measured_usd"] < proof["estimated_usd"]

    (costs_of_lease,), untold = reconcile.costs(runs, "cycle", table=None, clients=None, now=datetime.now(UTC))
    assert [row.item for row in costs_of_lease.rows] == ["vertex ai", "total"] and untold == []
    assert costs_of_lease.rows[-1].measured_usd == proof["measured_usd"]

    (job,) = project.vertex.jobs.values()
    (pool,) = job.job_spec.worker_pool_specs
    assert (pool.machine_spec.machine_type, pool.disk_spec.boot_disk_type) == ("n1-standard-4", "pd-ssd")
    assert job.job_spec.service_account == "bakeoff-vertex@a-project.iam.gserviceaccount.com"
    assert list((runs / "leases").iterdir()) == []
    assert clean(runs, yes=False, lease_id=None, progress=Silent(), name="vertex").found == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("strategy", "replicas"), [("one_device", 1), ("multi_worker_mirrored", 2)])
def test_training_on_worker_pools(project: Project, images: Path, tmp_path: Path, strategy: str, replicas: int) -> None:
    project.vertex.on_submit = run_for_real(project, tmp_path)
    workers = 2 if replicas > 1 else None
    spec = experiment(
        images, "train", strategy=strategy, workers=workers, batch_size=4, epochs=1, image_size=32, threads=1, shards=2,
        source_size=32,
    )  # fmt: skip
    rows = benches.bench(spec, Options(tmp_path / "runs", target="vertex"), Silent())
    assert [row.status for row in rows] == [Status.OK], rows
    record = Path(str(rows[0].record))
    facts = json.loads((record / "summary.json").read_text())["facts"]
    assert facts["num_replicas_in_sync"] == replicas and len(set(facts["node_addresses"])) == replicas
    run = RunRecord.model_validate_json((record / "run.json").read_text())
    assert [node.node for node in run.nodes] == pools.replica_names(replicas)
    (job,) = project.vertex.jobs.values()
    assert [pool.replica_count for pool in job.job_spec.worker_pool_specs] == [1] * replicas


def test_ctrl_c_cancels_the_job(
    project: Project, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.vertex.script = [("RUNNING", "")]
    presses: list[str] = []

    def press(lease: object) -> None:
        if project.vertex.jobs and not presses:
            presses.append("Ctrl-C")
            raise Interrupted("Stopped by SIGINT.")

    monkeypatch.setattr(TARGET.pricing, "breach", press)
    with pytest.raises(Interrupted):
        benches.bench(experiment(images), Options(tmp_path / "runs", target="vertex"), Silent())
    assert [job.state.name for job in project.vertex.jobs.values()] == ["JOB_STATE_CANCELLED"]
    assert list((tmp_path / "runs" / "leases").iterdir()) == []


def test_the_limits_hold_on_the_server(project: Project, images: Path, tmp_path: Path) -> None:
    project.vertex.script = [("SUCCEEDED", "")]
    spec = experiment(images)
    with pytest.raises(UsageError, match=r"--max-usd 0\.01 is less than the estimate"):
        benches.bench(spec, Options(tmp_path / "runs", target="vertex", max_usd=0.01), Silent())
    lease = bring_up(
        load_scenario(SHAPE),
        None,
        Options(tmp_path, target="vertex", max_usd=2.0),
        Silent(),
        experiment=None,
        kept=False,
    )
    state = state_of(lease)
    assert state.limit_s == pytest.approx(2.0 / state.worst_usd_per_hour * 3600 - 120, abs=1)
    soon = datetime.now(UTC) + timedelta(seconds=50)
    lease.update(expires_at=soon.isoformat())
    ((cell,),) = cells(spec, {SHAPE: lease.scenario})
    (tmp_path / "attempt" / "logs").mkdir(parents=True)
    with TARGET.jobs.submit(lease, cell, tmp_path / "attempt"):
        pass
    (job,) = project.vertex.jobs.values()
    assert job.job_spec.scheduling.timeout.total_seconds() <= 50 + 60 < cell.timeout_s
    assert int(job.labels["bakeoff-expires"]) == int(soon.timestamp())
    (pool,) = job.job_spec.worker_pool_specs
    assert pool.container_spec.args[2:4] == ["--not-after", f"{soon.timestamp():.0f}"]
    teardown.tear_down(lease, tmp_path, Silent())


def test_what_was_not_measured_is_charged_at_the_worst_price(
    project: Project, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.vertex.script = [("SUCCEEDED", "")]
    proof = teardown.tear_down

    def unmeasured(*arguments: Any) -> Any:
        return proof(*arguments).model_copy(update={"measured_usd": None})

    monkeypatch.setattr(teardown, "tear_down", unmeasured)
    pool = Pool(
        experiment(images),
        {SHAPE: load_scenario(SHAPE)},
        Options(tmp_path, target="vertex", max_usd=5.0),
        None,
        Silent(),
    )
    with pool.open({SHAPE: 60.0}):
        pass
    assert 0 < pool.budget.spent_usd < 0.1


def test_a_standing_place_says_what_it_is(project: Project, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from infra.cli.app import app

    result = CliRunner().invoke(app, ["apply", SHAPE, "--target", "vertex", "--runs", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    (lease,) = leases.all_leases(tmp_path)
    assert json.loads(result.stdout)["lease"] == lease.id
    (lease.directory / "lease.json").write_text("{")
    assert target_of_directory(lease.directory) is TARGET
    teardown.tear_down_all(tmp_path, Silent())


def test_what_a_killed_client_left_is_cancelled_by_clean(project: Project, tmp_path: Path) -> None:
    lease = bring_up(
        load_scenario(SHAPE), None, Options(tmp_path, target="vertex"), Silent(), experiment=None, kept=False
    )
    other = bring_up(
        load_scenario(SHAPE), None, Options(tmp_path, target="vertex"), Silent(), experiment=None, kept=True
    )
    project.vertex.script = [("RUNNING", "")]
    for mine in (lease, other):
        submit_and_forget(project, mine)
    lease.update(owner_pid=2**22, owner_ticks=1)  # its client died
    result = clean(tmp_path, yes=True, lease_id=None, progress=Silent(), name="vertex")
    assert any("training job" in line for line in result.removed) and result.left == []
    states = {job.labels["bakeoff-lease"]: job.state.name for job in project.vertex.jobs.values()}
    assert states == {lease.id: "JOB_STATE_CANCELLED", other.id: "JOB_STATE_QUEUED"}
    assert [known.id for known in leases.all_leases(tmp_path)] == [other.id]


def submit_and_forget(project: Project, lease: leases.Lease) -> None:
    from infra.targets.google.lease import clients_of
    from infra.targets.vertex.driver import create
    from infra.targets.vertex.job import VertexJob

    job = VertexJob(
        lease=lease.id, scenario=lease.scenario.name, expires_at=datetime.fromisoformat(lease.state.expires_at),
        attempt="cell", strategy="one-device", machine_type="n1-standard-4", image_uri="python:3.11",
        packages_uri="gs://b/p.tar.gz", main_uri="gs://b/m.py", package_uri="gs://b/w.zip", arguments=(), time_limit_s=60,
        output_uri="gs://b/out", log_uri="gs://b/log", not_after=2e9, environment={},
    )  # fmt: skip
    create(clients_of(lease), job)


@pytest.mark.parametrize(
    ("workload", "config", "words"),
    [
        (
            "write_tfrecords",
            {},
            r"write_tfrecords needs Spark, and Vertex AI has none\. Use --target gcp, or one of: read_speed",
        ),
        ("train", {"strategy": "mirrored"}, "mirrored needs 2 accelerators or more in one machine; received 0"),
        ("train", {"strategy": "multi_worker_mirrored", "workers": 9}, "received 9 of 4"),
    ],
)
def test_what_cannot_run_there_is_refused_first(
    project: Project, images: Path, tmp_path: Path, workload: str, config: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        benches.bench(experiment(images, workload, **config), Options(tmp_path / "runs", target="vertex"), Silent())
    assert not project.vertex.jobs and not (tmp_path / "runs" / "leases").exists()


def test_an_identity_is_needed(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "gcp.toml"
    path.write_text(path.read_text().removeprefix(ACCOUNT))
    with pytest.raises(SetupError, match="needs vertex_service_account"):
        plans.plan(load_scenario(SHAPE), Options(tmp_path, target="vertex"), Silent())


def test_a_plan_changes_nothing(project: Project, tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["plan", SHAPE, "--target", "vertex", "--runs", str(tmp_path), "--json"]).stdout
    usd = TARGET.pricing.per_hour(load_scenario(SHAPE)).list_usd
    assert json.loads(printed) == {"scenario": SHAPE, "usd_per_hour": usd, "changes": []}
    project.project.apis.discard("aiplatform.googleapis.com")
    with pytest.raises(UsageError, match=r"gcloud services enable aiplatform\.googleapis\.com"):
        plans.plan(load_scenario(SHAPE), Options(tmp_path, target="vertex"), Silent())
