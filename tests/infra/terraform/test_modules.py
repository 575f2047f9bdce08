"""Modules and root module: formatted, valid, tested with both programs, documented; rules as Python has them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from infra.base import paths
from infra.base.errors import TerraformError
from infra.inputs.scenario import problems
from infra.terraform.binary import Binary
from infra.terraform.client import Terraform
from tests.support.terraform.stub import SHAPE, StubCluster
from workloads.record import Scenario

INFRA = paths.PROJECT_DIR / "infra"
ALL_MODULES = sorted(
    {path.parent for pattern in ("*/main.tf", "*/*/main.tf", "*/*/terraform/main.tf") for path in INFRA.glob(pattern)}
)
# What needs the google provider is tested in tests/infra/modules.
MODULES = [module for module in ALL_MODULES if "hashicorp/google" not in (module / "versions.tf").read_text("utf-8")]
EXPECTED_FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md", "tests"}


def named(module: Path) -> str:
    return str(module.relative_to(INFRA))


def blocks(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    options = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True, explicit_blocks=False)
    found = hcl2.loads(path.read_text(encoding="utf-8"), serialization_options=options).get(kind, [])
    return {name.strip('"'): body for block in found for name, body in block.items()}


def test_there_are_modules() -> None:
    assert {named(module) for module in MODULES} >= {
        "modules/object_store",
        "modules/spark_node",
        "targets/local/terraform",
    }


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_formatted_valid_and_its_own_tests_pass(module: Path, tmp_path: Path, binary: Binary) -> None:
    terraform = Terraform(module, data_dir=tmp_path, binary=binary)
    terraform.fmt_check()
    terraform.init()
    terraform.validate()
    assert terraform.test() >= 5


def test_scenarios_are_formatted() -> None:
    Terraform(paths.SCENARIOS_DIR).fmt_check()


@pytest.mark.parametrize("module", ALL_MODULES, ids=named)
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
        assert rules or "default" in variable, f"{name} has no validation"
        for rule in rules:
            assert "received" in rule["error_message"], f"{name}: the message does not say what was received"
        expected = len(re.findall(rf"expect_failures = \[var\.{name}\]", tests))
        assert expected >= len(rules), f"{name}: {len(rules)} rules, {expected} tests that expect a failure"
    for name, output in blocks(module / "outputs.tf", "output").items():
        assert f"| `{name}` | {output['description']} |" in readme, f"{name} is not in the README as it is"


WRONG: list[dict[str, object]] = [
    {"name": "Four"},
    {"workers": 1},
    {"workers": 101},
    {"machine_type": "n1-standard-3"},
    {"master_machine_type": "huge"},
    {"workers": 0, "master_machine_type": "n1-standard-8"},
    {"disk_type": "ssd"},
    {"disk_gb": 9},
    {"disk_gb": 65537},
]


@pytest.mark.parametrize("wrong", WRONG, ids=json.dumps)
def test_python_and_terraform_refuse_in_the_same_words(tmp_path: Path, wrong: dict[str, object]) -> None:
    cluster = StubCluster(tmp_path)
    cluster.write(**wrong)
    terraform = Terraform(cluster.root)
    terraform.init()
    with pytest.raises(TerraformError) as caught:
        terraform.plan()
    said = problems(Scenario.model_validate({**SHAPE, **wrong}))
    assert said
    for message in said:
        assert message.split(" Did you mean")[0] in str(caught.value)
