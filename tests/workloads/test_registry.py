"""Workloads are found by their folders, in the tree and outside of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workloads
from infra.base.errors import UsageError
from infra.inputs.experiment import Experiment, WorkloadSpec, check
from infra.inputs.scenario import load_scenario
from infra.inputs.workloads import all_workloads, find_workload, full_settings, settings_model
from infra.records.frames import write_measurements
from tests.support.workloads.toy import write_toy
from workloads import registry
from workloads.errors import ConfigError
from workloads.package import build_zip
from workloads.record.tables import MEASUREMENTS, read_table
from workloads.workload import IMAGE_COUNT, RunFacts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workload outside of the tree, which other tests do not know."""
    folder = write_toy(tmp_path / "elsewhere")
    monkeypatch.setenv(registry.VARIABLE, str(folder))
    before = list(workloads.__path__)
    yield folder
    workloads.__path__[:] = before
    for name in [name for name in sys.modules if re.match(r"workloads\.toy\b", name)]:
        del sys.modules[name]


def test_every_folder_with_a_description_is_a_workload() -> None:
    folders = {path.parent.name for path in (ROOT / "workloads").glob("*/job.py")}
    assert set(registry.names()) == folders
    for name, workload in all_workloads().items():
        settings = set(settings_model(name).model_fields)
        assert workload.size == IMAGE_COUNT or workload.size in settings
        assert set(full_settings(name, load_scenario("four-small-ssd"), "images", "out", {})) <= settings


def test_infra_names_no_workload() -> None:
    """But in examples of a command."""
    names = "|".join(registry.names())
    for path in (ROOT / "infra").rglob("*.py"):
        code = re.sub(r'^EXAMPLE = ".*"$', "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert not re.findall(rf'"(?:{names})"|workloads\.(?:{names})\b', code), path


def test_descriptions_need_neither_spark_nor_tensorflow() -> None:
    load = "from infra.inputs.workloads import all_workloads; all_workloads()"
    code = f"import json, sys; {load}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"pyspark", "tensorflow", "PIL", "google.cloud.storage"} & set(json.loads(done.stdout))


def test_a_folder_outside_of_the_tree_is_a_workload_like_any_other(toy: Path) -> None:
    assert "toy" in all_workloads()
    workload = find_workload("toy")
    assert (workload.engine, workload.size) == ("python", "rows")
    given = full_settings("toy", load_scenario("four-small-ssd"), "images", "out", {"rows": 5})
    assert given == {"images_uri": "images", "output_uri": "out", "threads": 2, "rows": 5}
    spec = Experiment(
        name="e", scenarios=["four-small-ssd"], repeats=1, workloads=[WorkloadSpec(name="toy", config={"rows": 0})]
    )
    with pytest.raises(UsageError, match="toy: rows"):
        check(spec)


def test_it_ships_in_the_zip_and_its_own_column_is_recorded_with_its_unit(toy: Path, tmp_path: Path) -> None:
    package = build_zip(tmp_path / "workloads.zip")
    config, out = tmp_path / "config.json", tmp_path / "out"
    config.write_text(json.dumps({"images_uri": "none", "output_uri": str(out), "rows": 100}))
    command = [sys.executable, "-m", "workloads.launch", "toy", "--config", str(config), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    environment.pop(registry.VARIABLE)  # on a cluster there is only the zip
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)

    assert write_measurements(out / "measurements.jsonl", out) == []
    table = read_table(out, MEASUREMENTS)
    assert table.schema.field("rows_per_s").metadata[b"unit"] == b"rows/s"
    (outcome,) = find_workload("toy").outcomes
    assert (outcome.read(table.to_pylist(), RunFacts(1.0)) or 0) > 0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nothing", None, "there is no workload.py in it"),
        ("train", "", "workloads.train is taken"),
        ("storage", "", "workloads.storage is taken"),
        ("a-b", "", "must be a Python identifier"),
        ("broken", "1 / 0", "cannot be imported: ZeroDivisionError"),
        ("empty", "", "must hold WORKLOAD"),
    ],
)
def test_a_folder_that_is_no_workload_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str | None, says: str
) -> None:
    monkeypatch.setattr(workloads, "__path__", list(workloads.__path__))
    folder = tmp_path / name
    folder.mkdir()
    if text is not None:
        (folder / "workload.py").write_text(text)
    monkeypatch.setenv(registry.VARIABLE, str(folder))
    with pytest.raises(UsageError, match=rf"{folder}.*{re.escape(says)}"):
        all_workloads()


def test_two_folders_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [write_toy(tmp_path / "a"), write_toy(tmp_path / "b")]
    monkeypatch.setenv(registry.VARIABLE, os.pathsep.join(map(str, folders)))
    with pytest.raises(ConfigError, match=r"workloads\.toy is taken; rename the folder"):
        registry.names()
