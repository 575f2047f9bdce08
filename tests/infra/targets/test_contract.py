"""Every target passes one contract: ours, those of Google against its fakes, and a toy from outside of the tree."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.base.options import Options
from infra.base.paths import PROJECT_DIR
from infra.base.progress import Silent
from infra.inputs.cells import Cell, cells
from infra.inputs.dataset import Dataset, prepare
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.inputs.scenario import load_scenario
from infra.targets.base import Target
from infra.targets.google import dependencies
from infra.targets.registry import VARIABLE, open_target
from infra.targets.testing import TargetContract
from tests.support import bakeoff
from tests.support.google import life, replicas
from tests.support.google.life import StubTerraform
from tests.support.google.project_life import Project

TOY = PROJECT_DIR / "tests" / "support" / "toy"
READ = {"sources": ["bucket"], "batch_sizes": [4], "batch_counts": [2], "repetitions": 1}
EXPERIMENT = """
name = "toys"
scenarios = ["one-large-standard"]
repeats = 1
timeout_s = 120
[data]
images = "{images}"
[[workloads]]
name = "{workload}"
"""


def read_cell(shape: str) -> Cell:
    workloads = [WorkloadSpec(name="read_speed", config=dict(READ))]
    experiment = Experiment(name="contract", scenarios=[shape], repeats=1, timeout_s=280, workloads=workloads)
    ((cell,),) = cells(experiment, {shape: load_scenario(shape)})
    return cell


class Reading(TargetContract):
    """The cell is read_speed."""

    shape = "one-large-standard"

    @pytest.fixture
    def cell(self) -> Cell:
        return read_cell(self.shape)

    @pytest.fixture
    def dataset(self, images: Path) -> Dataset:
        return prepare(DataSpec(images=str(images)), Silent(), in_place=False)


@pytest.mark.slow
@pytest.mark.xdist_group("host")
@pytest.mark.timeout(900)
class TestLocal(Reading):
    @pytest.fixture
    def target(self) -> Target:
        return open_target("local")

    @pytest.fixture
    def options(self, tmp_path: Path) -> Options:
        return Options(tmp_path / "runs", isolation="none")


@pytest.mark.timeout(600)
class TestDataproc(Reading):
    shape = "four-small-ssd"

    @pytest.fixture
    def target(self, project: Project, stub: StubTerraform, tmp_path: Path) -> Target:
        project.dataproc.on_submit = life.run_for_real(project, tmp_path)
        return open_target("gcp")

    @pytest.fixture
    def options(self, tmp_path: Path) -> Options:
        return Options(tmp_path / "runs", target="gcp", max_usd=5.0)


@pytest.mark.timeout(600)
class TestVertex(Reading):
    shape = "four-medium-ssd"

    @pytest.fixture
    def target(self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
        settings = tmp_path / "gcp.toml"
        account = 'vertex_service_account = "bakeoff-vertex@a-project.iam.gserviceaccount.com"\n'
        settings.write_text(account + settings.read_text())
        monkeypatch.setattr(dependencies, "archive", lambda names: replicas.empty_archive())
        monkeypatch.setattr("infra.targets.vertex.driver.POLL_S", 0.05)
        project.compute.offered |= {"n1-standard-4"}
        project.vertex.on_submit = replicas.run_for_real(project, tmp_path)
        found = open_target("vertex")
        monkeypatch.setattr(found, "traits", replace(found.traits, poll_s=0.05, sweep_pause_s=0.0, sweep_s=120.0))
        return found

    @pytest.fixture
    def options(self, tmp_path: Path) -> Options:
        return Options(tmp_path / "runs", target="vertex", max_usd=5.0)


@pytest.fixture
def toy_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside of the tree, registered for this process and what it starts."""
    folder = tmp_path / "toy"
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


@pytest.mark.timeout(300)
class TestToy(Reading):
    @pytest.fixture
    def target(self, toy_folder: Path) -> Target:
        return open_target("toy")

    @pytest.fixture
    def options(self, tmp_path: Path) -> Options:
        return Options(tmp_path / "runs", target="toy")


@pytest.mark.timeout(300)
def test_a_bench_runs_on_a_target_from_outside_of_the_tree(toy_folder: Path, images: Path, tmp_path: Path) -> None:
    runs, experiment = tmp_path / "runs", tmp_path / "toys.toml"
    settings = f"config = {json.dumps(READ).replace(':', ' =')}\n"
    experiment.write_text(EXPERIMENT.format(images=images, workload="read_speed") + settings)
    (row,) = bakeoff.run_json(runs, "bench", str(experiment), "--target", "toy")
    assert row["status"] == "ok", row
    record = json.loads((Path(row["record"]) / "run.json").read_text())
    assert record["target"] == "toy" and record["stages"]["run_s"] > 0
    assert json.loads((Path(row["record"]) / "teardown.json").read_text())["left"] == []
    assert list((runs / "leases").iterdir()) == []
    experiment.write_text(EXPERIMENT.format(images=images, workload="write_tfrecords"))
    assert "a toy runs no Spark" in bakeoff.run(runs, "bench", str(experiment), "--target", "toy", expect=2).stderr


def test_an_unknown_target_is_named_with_those_that_there_are(toy_folder: Path) -> None:
    with pytest.raises(
        UsageError, match=r"Unknown target 'toys'\. Did you mean 'toy'\? Known: gcp, local, toy, vertex"
    ):
        open_target("toys")


@pytest.mark.parametrize(
    ("source", "words"), [(None, "there is no target.py in it"), ("TARGET = 1\n", "must hold TARGET, an instance of")]
)
def test_a_folder_that_holds_no_target_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str | None, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    if source:
        (tmp_path / "target.py").write_text(source)
    with pytest.raises(UsageError, match=words):
        open_target("toys")
