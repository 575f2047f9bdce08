"""kill -9 of a bakeoff on Google Cloud (fakes): clean removes all that it left, and nothing of a lease that stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from infra.base.options import Options
from infra.base.progress import Silent
from infra.clusters import teardown
from infra.clusters.pool import bring_up
from infra.inputs.scenario import load_scenario
from infra.targets.google.settings import load_settings
from infra.terraform.process import Done
from tests.support.google import client
from tests.support.google.life import StubTerraform
from tests.support.google.project_life import Project
from workloads.bucket import client as storage
from workloads.generate import generate

SHAPE, STANDING = "four-small-ssd", "one-large-ssd"


def objects(gcp_toml: Path) -> set[str]:
    """Leases that have an object, whatever it is, in a bucket of the settings."""
    settings = load_settings(gcp_toml)
    names = [
        blob.name
        for bucket in (settings.bucket, settings.state_bucket)
        for blob in storage().list_blobs(bucket, prefix="leases/")
    ]
    return {name.split("/")[1] for name in names}


def leases_of(project: Project) -> set[str]:
    clusters = {cluster.labels["bakeoff-lease"] for cluster in project.dataproc.clusters.values()}
    return clusters | {name.split("-")[1] for name in project.compute.instances}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("moment", ["in mid-job", "in mid-apply"])
def test_clean_removes_what_a_killed_run_left(
    project: Project, stub: StubTerraform, tmp_path: Path, moment: str
) -> None:
    runs, address, log = tmp_path / "runs", tmp_path / "terraform", tmp_path / "log"
    generate(tmp_path / "images", 12, seed=3)
    standing = bring_up(
        load_scenario(STANDING), None, Options(runs, target="gcp"), Silent(), experiment=None, kept=True
    )
    project.dataproc.script = [("RUNNING", "")]  # for ever
    killed: list[subprocess.Popen[bytes]] = []

    def until_killed(*arguments: Any, **more: Any) -> Done:
        """Mid-apply: the cluster is there, in ERROR, and the state does not know it when the client dies."""
        stub.fails = "half made" if arguments[3] == "apply" and "-destroy" not in arguments and not killed else None
        done = stub(*arguments, **more)
        if stub.fails:
            kill()
        return done

    def kill() -> None:
        killed.append(run)
        os.kill(run.pid, signal.SIGKILL)

    with client.answering(address, until_killed if moment == "in mid-apply" else stub):
        run = client.start(
            address, runs, log, "run", "read_speed", "--on", SHAPE, "--images", str(tmp_path / "images"),
            "--target", "gcp", "--max-usd", "2",
        )  # fmt: skip
        while not killed and run.poll() is None:
            if [job for job in project.dataproc.jobs.values() if job.status.state.name == "RUNNING"]:
                kill()
            time.sleep(0.02)
        assert run.wait() == -signal.SIGKILL, log.read_text()
        (dead,) = leases_of(project) - {standing.id}
        assert moment == "in mid-apply" or dead in objects(tmp_path / "gcp.toml")

        listed = client.start(address, runs, log, "clean", "--target", "gcp", "--json")
        assert listed.wait() == 0, log.read_text()
        assert leases_of(project) == {standing.id, dead}  # a dry run removes nothing
        cleaned = client.start(address, runs, log, "clean", "--target", "gcp", "--yes", "--json")
        assert cleaned.wait() == 0, log.read_text()

    said = log.read_text()
    result = json.loads(said[said.index("{\n") :])
    assert result["left"] == [] and any(dead in line for line in result["removed"])
    assert not any(standing.id in line for line in result["found"])
    assert leases_of(project) == {standing.id}
    states = {job.status.state.name for job in project.dataproc.jobs.values()}
    assert states == ({"CANCELLED"} if moment == "in mid-job" else set())
    assert objects(tmp_path / "gcp.toml") <= {standing.id}
    assert [path.name for path in (runs / "leases").iterdir()] == [standing.id]
    teardown.tear_down(standing, runs, Silent())
