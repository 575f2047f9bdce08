"""Clusters that an earlier version applied are destroyed by this one, after a switch of branch in the same folder."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from infra.base.paths import PROJECT_DIR
from infra.cli.app import app
from infra.targets.local import leftovers
from tests.support.google import client
from tests.support.google.life import StubTerraform
from tests.support.google.project_life import Project

EARLIER = (
    "e020014"  # before infra/ was parted into rooms; its leases have another lease.json and another Terraform root
)
ACCOUNT = 'vertex_service_account = "bakeoff-vertex@a-project.iam.gserviceaccount.com"\n'

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("host")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The earlier version in a folder of its own."""
    made = subprocess.run(["git", "archive", EARLIER], cwd=PROJECT_DIR, capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"history: this clone does not hold the commit {EARLIER}")
    folder = tmp_path / "checkout"
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def switch(checkout: Path) -> None:
    """This version in the same folder, as after ``git switch``."""
    for name in ("infra", "workloads", "analysis", "tests"):
        shutil.rmtree(checkout / name)
        shutil.copytree(
            PROJECT_DIR / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*")
        )


def run(checkout: Path, runs: Path, *words: str) -> str:
    """Run a module in the checkout to its end; returns what it said on standard error."""
    environment = {**os.environ, "BAKEOFF_RUNS": str(runs), "PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, "-m", *words], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stderr


def expire(runs: Path, lease_id: str) -> None:
    """The lease is past its expiry, and so is left for ``clean``."""
    path = runs / "leases" / lease_id / "lease.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "expires_at": state["created_at"]}))


def test_local_clusters_are_destroyed_through_their_own_terraform(checkout: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    leases: dict[str, str] = {}
    try:
        for shape in ("one-large-standard", "one-large-ssd"):
            run(checkout, runs, "infra.cli.app", "apply", shape, "--isolation", "none")
            (leases[shape],) = {path.name for path in (runs / "leases").iterdir()} - set(leases.values())
            assert len(leftovers.find(leases[shape])) >= 3  # store, master, worker
        expire(runs, leases["one-large-ssd"])
        terraform = runs / "leases" / leases["one-large-ssd"] / "terraform"
        assert (terraform / "targets" / "local" / "main.tf").is_file()
        assert any("infra.local.node" in path.read_text() for path in terraform.rglob("*.tf"))
        switch(checkout)
        for verb, gone in (("clean --yes", "one-large-ssd"), ("destroy --all", "one-large-standard")):
            said = run(checkout, runs, "infra.cli.app", *verb.split())
            assert "sweeping by name instead" not in said
            assert leftovers.find(leases.pop(gone)) == []
            assert {path.name for path in (runs / "leases").iterdir()} == set(leases.values())
    finally:
        for lease_id in leases.values():
            for item in leftovers.find(lease_id):
                leftovers.remove(item)


@pytest.fixture
def earlier_terraform(stub: StubTerraform, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The stub, answering with the earlier version's class: answers travel to it by the name of their class."""

    class Done(NamedTuple):
        code: int
        stdout: str
        stderr: str
        events: list[dict[str, Any]]

    Done.__module__, Done.__qualname__ = "infra.terraform_process", "Done"
    module = ModuleType(Done.__module__)
    module.Done = Done  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, Done.__module__, module)
    return lambda *words, **more: Done(*stub(*words, **more))


@pytest.mark.parametrize("verb", [("destroy", "--all"), ("clean", "--yes")], ids=" ".join)
@pytest.mark.parametrize(("target", "shape"), [("gcp", "four-small-ssd"), ("vertex", "four-medium-ssd")])
def test_a_lease_on_google_cloud_is_destroyed(
    checkout: Path,
    project: Project,
    stub: StubTerraform,
    earlier_terraform: Callable[..., Any],
    tmp_path: Path,
    target: str,
    shape: str,
    verb: tuple[str, ...],
) -> None:
    runs, address = tmp_path / "runs", tmp_path / "address"
    (tmp_path / "gcp.toml").write_text(ACCOUNT + (tmp_path / "gcp.toml").read_text())
    project.compute.offered |= {"n1-standard-4"}
    with client.answering(address, earlier_terraform):
        run(checkout, runs, "tests.infra.gcp.client", str(address), "apply", shape, "--target", target)
    (lease_id,) = (path.name for path in (runs / "leases").iterdir())
    expire(runs, lease_id)
    assert set(project.dataproc.clusters) == ({f"bakeoff-{lease_id}"} if target == "gcp" else set())
    words = [*verb, "--runs", str(runs), *(["--target", target] if verb[0] == "clean" else [])]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, f"{done.output}\n{done.exception}"
    assert "sweeping by name instead" not in done.output
    assert ("destroy" in stub.calls) == (target == "gcp")
    assert project.dataproc.clusters == {} and list((runs / "leases").iterdir()) == []
