"""Modules and root module: formatted, valid, tested with both programs, documented; rules as Python has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.base import paths
from infra.terraform.binary import Binary
from infra.terraform.client import Terraform
from tests.support.terraform.hcl import blocks
from workloads.record import Scenario

INFRA = paths.PROJECT_DIR / "infra"
ALL_MODULES = sorted(path.parent for path in INFRA.glob("**/main.tf"))
ROOTS = [module for module in ALL_MODULES if module.parent.name != "modules"]
# What needs the google provider is tested in tests/infra/modules.
MODULES = [module for module in ALL_MODULES if "hashicorp/google" not in (module / "versions.tf").read_text("utf-8")]
EXPECTED_FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md", "tests"}


def named(module: Path) -> str:
    return str(module.relative_to(INFRA))


def test_there_are_modules() -> None:
    assert [str(module.relative_to(INFRA)) for module in MODULES] == [
        "modules/node",
        "modules/shape",
        "targets/local/terraform",
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(INFRA)))
def test_formatted_valid_and_its_own_tests_pass(module: Path, tmp_path: Path, binary: Binary) -> None:
    terraform = Terraform(module, data_dir=tmp_path, binary=binary)
    terraform.fmt_check()
    terraform.init()
    terraform.validate()
    assert terraform.test() >= 4


def test_scenarios_are_formatted() -> None:
    Terraform(paths.SCENARIOS_DIR).fmt_check()


@pytest.mark.parametrize("module", ALL_MODULES, ids=lambda path: str(path.relative_to(INFRA)))
def test_every_variable_is_typed_described_validated_and_tested(module: Path) -> None:
    readme = (module / "README.md").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in (module / "tests").glob("*.tftest.hcl"))
    assert {path.name for path in module.iterdir()} >= EXPECTED_FILES
    for name, variable in blocks(module / "variables.tf", "variable").items():
        assert variable["description"], name
        assert variable["type"], name
        assert variable.get("nullable") is False or variable.get("default", 0) in (None, "null"), name
        assert f"| `{name}` | {variable['description']} |" in readme, f"{name} is not in the README as it is"
        rules = variable.get("validation", [])
        # A module takes what its root has validated, and a root leaves the rules of the shape to modules/shape.
        ruled = module not in ROOTS or name in Scenario.model_fields
        assert rules or ruled or variable["type"] == "bool", f"{name} has no validation"
        for rule in rules:
            assert "received" in rule["error_message"], f"{name}: the message does not say what was received"
        expected = sum(
            bool(re.search(rf"\bvar\.{name}\b", run))
            for run in re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL)
        )
        assert expected >= len(rules), f"{name}: {len(rules)} rules, {expected} tests that expect a failure"
    for name, output in blocks(module / "outputs.tf", "output").items():
        assert f"| `{name}` | {output['description']} |" in readme, f"{name} is not in the README as it is"
