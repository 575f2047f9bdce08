from __future__ import annotations

from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.inputs.cells import cells
from infra.inputs.experiment import Experiment, WorkloadSpec
from infra.inputs.experiment_file import at_full_size, find_experiment, load_experiment
from infra.inputs.one_off import parse_settings
from workloads.record import Scenario

GOOD = """
name = "t"
scenarios = ["a", "b"]
repeats = 3
[[workloads]]
name = "read_speed"
config = { batch_counts = [2] }
grid = { decode = [true, false], concurrency = [1, 2] }
"""


def shape(name: str) -> Scenario:
    return Scenario(
        name=name,
        workers=0,
        machine_type="n1-standard-8",
        master_machine_type="n1-standard-8",
        disk_type="pd-ssd",
        disk_gb=10,
    )


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "e.toml"
    path.write_text(text)
    return path


def test_every_block_holds_every_point_once_in_its_own_order(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path, GOOD))
    blocks = cells(experiment, {"a": shape("a"), "b": shape("b")})
    assert [len(block) for block in blocks] == [8, 8, 8]
    points = [{(c.scenario.name, str(c.configuration)) for c in block} for block in blocks]
    assert all(len(p) == 8 and p == points[0] for p in points)
    orders = [[(c.scenario.name, str(c.configuration)) for c in block] for block in blocks]
    assert orders[0] != orders[1]
    again = cells(experiment, {"a": shape("a"), "b": shape("b")})
    assert [[c.configuration for c in block] for block in again] == [[c.configuration for c in b] for b in blocks]


def test_identity_depends_on_what_determines_the_result(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path, GOOD))
    cell, other = cells(experiment, {"a": shape("a"), "b": shape("b")})[0][:2]
    name = cell.identity({"share": 0.15})
    assert name == cell.identity({"share": 0.15})
    assert len({name, cell.identity({"share": 0.2}), other.identity({"share": 0.15})}) == 3
    assert name.startswith(f"{cell.scenario.name}--read_speed--r0-")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("repeats = 3", "repeats = 0"), ["repeats", "greater than or equal to 1", "0"]),
        (('name = "read_speed"', 'name = "read_sped"'), ["read_sped", "Did you mean 'read_speed'"]),
        (("repeats = 3", "repets = 3"), ["repets"]),
        (('["a", "b"]', "[]"), ["scenarios"]),
        (('["a", "b"]', '["a", "a"]'), ["scenarios", "once", "a"]),
        (("batch_counts = [2]", "batch_count = [2]"), ["batch_count", "Did you mean 'batch_counts'"]),
        (("batch_counts = [2]", "batch_counts = [0]"), ["batch_counts", "greater than or equal to 1", "0"]),
        (('name = "t"', 'name = "leases"'), ["name", "leases"]),
        (('name = "read_speed"', 'name = "job"'), ["script"]),
        (("repeats = 3", "repeats = "), ["not valid TOML"]),
    ],
)
def test_bad_experiments_name_the_rule_and_the_value(tmp_path: Path, change: tuple[str, str], words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        load_experiment(write(tmp_path, GOOD.replace(*change)))
    for word in words:
        assert word in str(error.value)


def test_unknown_experiment_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'demo'"):
        find_experiment("dmeo")


def test_shipped_experiments_load() -> None:
    from infra.base.paths import EXPERIMENTS_DIR

    paths = sorted(EXPERIMENTS_DIR.glob("*.toml"))
    assert paths
    for path in paths:
        assert load_experiment(path).name == path.stem


def test_full_size_changes_sizes_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(GOOD + "[full]\nrepeats = 5\ndata = { count = 3670 }\nconfig = { batch_counts = [3, 6] }\n")
    small = load_experiment(path)
    large = at_full_size(small)
    assert (small.repeats, small.data.count, small.workloads[0].config) == (3, 300, {"batch_counts": [2]})
    assert (large.repeats, large.data.count, large.workloads[0].config) == (5, 3670, {"batch_counts": [3, 6]})
    assert (large.name, large.scenarios, large.workloads[0].grid) == (
        small.name,
        small.scenarios,
        small.workloads[0].grid,
    )
    path.write_text(GOOD)
    with pytest.raises(UsageError, match="no table \\[full\\]"):
        at_full_size(load_experiment(path))
    path.write_text(GOOD + "[full]\nconfig = { batch_counts = [0] }\n")
    with pytest.raises(UsageError, match=r"greater than or equal to 1 \(got 0\)"):
        at_full_size(load_experiment(path))


def test_every_experiment_of_the_study_has_its_full_size() -> None:
    from infra.base.paths import EXPERIMENTS_DIR

    for path in EXPERIMENTS_DIR.glob("seed-*.toml"):
        assert at_full_size(load_experiment(path)).data.count == 3670


def test_settings() -> None:
    assert parse_settings(["a=1", "b=[1, 2]", "c=x=y", "d=true"]) == {"a": 1, "b": [1, 2], "c": "x=y", "d": True}
    with pytest.raises(UsageError, match="key=value"):
        parse_settings(["a"])


def test_an_experiment_is_frozen() -> None:
    spec = Experiment(name="x", scenarios=["a"], repeats=1, workloads=[WorkloadSpec(name="read_speed")])
    with pytest.raises(ValueError, match="frozen"):
        spec.repeats = 2  # type: ignore[misc]
