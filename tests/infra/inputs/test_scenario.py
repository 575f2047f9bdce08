"""Scenario files: those shipped are valid, wrong ones are refused with rule, value and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.base import paths
from infra.base.errors import UsageError
from infra.inputs.scenario import list_scenarios, load_scenario, scenario_names

GOOD = {
    "name": '"mine"',
    "workers": "2",
    "machine_type": '"n1-standard-2"',
    "master_machine_type": '"n1-standard-2"',
    "disk_type": '"pd-ssd"',
    "disk_gb": "200",
}


def write(directory: Path, file_name: str = "mine", /, **changes: str | None) -> Path:
    values = {**GOOD, **changes}
    lines = [f"{key} = {value}" for key, value in values.items() if value is not None]
    path = directory / f"{file_name}.tfvars"
    path.write_text("# a comment\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_shipped_scenarios_are_valid_and_commented() -> None:
    names = scenario_names()
    assert {
        "four-small-ssd",
        "four-small-standard",
        "one-large-ssd",
        "one-large-standard",
        "eight-tiny-standard",
    } <= set(names)
    for name in names:
        assert load_scenario(name).name == name
        assert (paths.SCENARIOS_DIR / f"{name}.tfvars").read_text(encoding="utf-8").startswith("# ")


def test_shapes_that_are_compared_have_equal_storage() -> None:
    total_gb = {row.name: row.disk_total_gb for row in list_scenarios()}
    assert total_gb["four-small-ssd"] == total_gb["one-large-ssd"] == 1000
    assert total_gb["four-small-standard"] == total_gb["one-large-standard"] == 1000


def test_row_totals_include_the_master() -> None:
    row = next(row for row in list_scenarios() if row.name == "eight-tiny-standard")
    assert (row.workers, row.vcpus, row.memory_gb, row.disk_total_gb) == (8, 10, 37.5, 990)


def test_own_scenario_is_listed(tmp_path: Path) -> None:
    write(tmp_path)
    assert [row.name for row in list_scenarios(tmp_path)] == ["mine"]


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Unknown scenario 'four-smal-ssd'\. Did you mean 'four-small-ssd'\?"):
        load_scenario("four-smal-ssd")


@pytest.mark.parametrize("name", ["../scenarios/four-small-ssd", "", ".", "four-small-ssd.tfvars"])
def test_a_path_is_not_a_name(name: str) -> None:
    with pytest.raises(UsageError, match="Unknown scenario"):
        load_scenario(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workers": "1"}, r"workers must be 0 .* at least two; received 1\."),
        ({"workers": "-1"}, r"received -1\."),
        ({"workers": "101"}, r"2 to 100.* received 101\."),
        ({"workers": '"four"'}, r"workers must be a whole number; received 'four'\."),
        ({"workers": "2.5"}, r"workers must be a whole number; received 2.5\."),
        ({"workers": "true"}, r"workers must be a whole number"),
        ({"workers": "1 + 1"}, r"workers must be a whole number"),
        ({"machine_type": '"n1-standrad-2"'}, r"received 'n1-standrad-2'\. Did you mean 'n1-standard-2'\?"),
        ({"master_machine_type": '"huge"'}, r"master_machine_type must be one of .* received 'huge'\."),
        ({"workers": "0", "master_machine_type": '"n1-standard-8"'}, "must equal machine_type when workers is 0"),
        ({"disk_type": '"ssd"'}, r"one of pd-standard, pd-balanced, pd-ssd; received 'ssd'\. Did you mean 'pd-ssd'\?"),
        ({"disk_gb": "9"}, r"from 10 to 65536; received 9\."),
        ({"disk_gb": "65537"}, r"received 65537\."),
        ({"disk_gb": None}, r"disk_gb is missing\."),
        ({"name": '"other"'}, r"name must be that of its file, 'mine'; received 'other'\."),
        ({"machine": '"x"'}, r"machine is not an attribute of a scenario\. Did you mean 'machine_type'\?"),
    ],
)
def test_broken_rule_is_named(tmp_path: Path, changes: dict[str, str | None], message: str) -> None:
    write(tmp_path, **changes)
    with pytest.raises(UsageError, match=message):
        load_scenario("mine", tmp_path)


@pytest.mark.parametrize("name", ["Mine", "1st", "ends-", "under_score", "x" * 41])
def test_name_pattern(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, name=f'"{name}"')
    with pytest.raises(UsageError, match="name must be 1 to 40 lower-case letters"):
        load_scenario(name, tmp_path)


def test_every_broken_rule_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, workers="1", disk_gb="1", disk_type='"tape"')
    with pytest.raises(UsageError) as caught:
        load_scenario("mine", tmp_path)
    assert all(word in str(caught.value) for word in ("workers", "disk_gb", "disk_type"))


@pytest.mark.parametrize("text", ["name = ", 'name = "a', "{", "workers == 2", "\x00"])
def test_a_file_that_is_no_hcl(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.tfvars").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.tfvars"):
        load_scenario("mine", tmp_path)
