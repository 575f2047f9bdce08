"""Modules and roots for Google Cloud against both schemas: formatted, valid, their own tests pass, and what they plan."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from infra.base.errors import TerraformError
from infra.inputs.scenario import load_scenario, problems
from infra.review.google_provider.provider import VERSIONS
from infra.targets.google.settings import GcpSettings
from infra.terraform.client import Terraform
from tests.support.terraform import policy
from tests.support.terraform.grants import CLIENT_ROLES, GRANTS
from tests.support.terraform.hcl import blocks
from tests.support.terraform.tree import INFRA, MODULES, SHAPE, VARIABLES, Tree
from workloads.record import Scenario

ROOTS = [INFRA / "targets" / target / "terraform" for target in ("local", "dataproc")]


def test_there_are_modules() -> None:
    assert set(MODULES) == {*VARIABLES, "modules/service_account"}
    assert VERSIONS == ("7.46.1", "8.7.0")


def test_each_root_pins_a_version_that_the_modules_are_held_to() -> None:
    for module in MODULES:
        asked = re.findall(r'version = "(.*)"', (INFRA / module / "versions.tf").read_text(encoding="utf-8"))[1:]
        assert asked == [VERSIONS[-1] if module in VARIABLES else ">= 7.46, < 9"], module


def test_all_terraform_is_formatted() -> None:
    Terraform(INFRA).fmt_check()


@pytest.mark.parametrize("module", MODULES)
def test_valid(tree: Tree, module: str) -> None:
    tree.terraform(module).validate()


@pytest.mark.parametrize("module", MODULES)
def test_own_tests_pass(newest: Tree, module: str) -> None:
    assert newest.terraform(module).test() >= 2


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_own_tests_pass_with_each_version(tree: Tree, module: str) -> None:
    assert tree.terraform(module).test() >= 2


@pytest.mark.parametrize("root", VARIABLES)
def test_what_a_root_plans_keeps_the_rules(tree: Tree, root: str) -> None:
    plan = tree.plan(root)
    assert plan.resources
    assert policy.problems(plan.resources) == []
    assert policy.grants(plan.resources) == GRANTS[root]


GPU = {"accelerator_type": "nvidia-tesla-t4", "accelerator_count": 2, "spot_workers": 0}
SINGLE = {"workers": 0, "machine_type": "n1-standard-8", "master_machine_type": "n1-standard-8", "spot_workers": 0}


@pytest.mark.parametrize("changes", [{}, SINGLE, GPU, {**SINGLE, **GPU}], ids=json.dumps)
def test_the_planned_cluster_is_of_the_scenario(newest: Tree, changes: dict[str, object]) -> None:
    scenario = Scenario.model_validate({**SHAPE, "spot_workers": 2, **changes}).model_dump()
    assert policy.shape(newest.plan("targets/dataproc/terraform", **changes).resources) == scenario


@pytest.mark.parametrize("member", ["allUsers", "user:everyone"])
def test_rights_are_for_somebody(newest: Tree, member: str) -> None:
    with pytest.raises(TerraformError, match=r"client_members must be .* received"):
        newest.plan("foundation", client_members={"all": member})


def test_who_only_cleans_cannot_act_as_the_nodes(newest: Tree) -> None:
    cleaner = "serviceAccount:bakeoff-ci-clean@my-project.iam.gserviceaccount.com"
    resources = newest.plan("foundation", cleaner_members={"team": cleaner}).resources  # named as a client is
    held = {member: set[str | None]() for member in (cleaner, "group:data@example.com")}
    for resource in resources:
        if resource.values.get("member") in held:
            held[resource.values["member"]].add(resource.values.get("role"))
    roles = {*CLIENT_ROLES, "roles/storage.objectUser", None}  # None: the sweeper's, known once it is made
    assert held == {cleaner: roles, "group:data@example.com": roles | {"roles/iam.serviceAccountUser"}}


def test_a_lease_makes_the_cluster_and_nothing_else(newest: Tree) -> None:
    assert [resource.type for resource in newest.plan("targets/dataproc/terraform").resources] == [
        "google_dataproc_cluster"
    ]


def test_the_client_reads_what_the_foundation_writes(newest: Tree) -> None:
    given = {
        "subnetwork": "projects/host/regions/us-central1/subnetworks/theirs",
        "service_account": "nodes@my-project.iam.gserviceaccount.com",
        "vertex_service_account": "vertex@my-project.iam.gserviceaccount.com",
        "bucket": "their-data",
        "staging_bucket": "their-staging",
        "temp_bucket": "their-temp",
    }
    text = newest.plan("foundation", **given).outputs["gcp_toml"]
    settings = GcpSettings.model_validate(tomllib.loads(text))
    assert settings.model_dump().items() >= given.items()
    assert (settings.project_id, settings.zone) == ("my-project", "us-central1-a")
    assert settings.state_bucket == "my-project-bakeoff-state"
    assert settings.labels == {"team": "data"}


def test_what_bootstrap_makes_waits_for_the_apis() -> None:
    """On a new project nothing can be made before its API is on."""
    made = {**blocks(INFRA / "bootstrap" / "github.tf", "module")}
    for file, kind in (("main", "google_storage_bucket"), ("github", "google_iam_workload_identity_pool")):
        made |= blocks(INFRA / "bootstrap" / f"{file}.tf", "resource", kind)
    assert set(made) == {"state", "github", "plan_account", "clean_account"}
    for name, block in made.items():
        assert "google_project_service.this" in str(block.get("depends_on")), name


def test_a_users_credentials_count_against_the_project() -> None:
    """Else the budget's API refuses them (the provider's documentation of ``google_billing_budget``)."""
    provider = blocks(INFRA / "foundation" / "main.tf", "provider")["google"]
    assert provider["user_project_override"] is True
    assert provider["billing_project"] == provider["project"] == "${var.project_id}"


def test_both_targets_have_the_variables_of_a_scenario() -> None:
    local, gcp = (blocks(root / "variables.tf", "variable") for root in ROOTS)
    rules = blocks(INFRA / "modules" / "shape" / "variables.tf", "variable")
    assert set(rules) == set(Scenario.model_fields)
    for name, field in Scenario.model_fields.items():
        assert local[name]["type"] == gcp[name]["type"] == rules[name]["type"]
        assert ("default" in local[name]) == ("default" in gcp[name]) == (not field.is_required())
        assert local[name].get("default") == gcp[name].get("default")
    for root in ROOTS:
        passed = blocks(root / "main.tf", "module")["shape"]
        assert all(passed[name] == f"${{var.{name}}}" for name in rules)


def test_both_targets_have_the_same_cluster_output() -> None:
    local, gcp = (blocks(root / "outputs.tf", "output") for root in ROOTS)
    assert set(local["cluster"]["value"]) <= set(gcp["cluster"]["value"])


def test_the_study_s_smallest_shape_is_refused_with_its_substitute(newest: Tree) -> None:
    tiny = load_scenario("eight-tiny-standard").model_dump(exclude_none=True)
    with pytest.raises(TerraformError, match=r"machine_type must not be n1-standard-1 on gcp.* four-small-standard"):
        newest.plan("targets/dataproc/terraform", **tiny)


# Wrong values, and how many of their rules Terraform names: it does not ask a rule that reads a variable which breaks its own.
WRONG: list[tuple[dict[str, object], int]] = [
    ({"name": "Four", "workers": 1, "machine_type": "x", "disk_type": "ssd", "disk_gb": 9, "accelerator_count": 9}, 6),
    ({"master_machine_type": "huge", "disk_gb": 65537, "spot_workers": 101}, 3),
    ({"workers": 101, "accelerator_type": "nvidia-tesla-t4"}, 2),
    ({"workers": 0, "master_machine_type": "n1-standard-8", "spot_workers": 2}, 2),
    ({**GPU, "spot_workers": 2}, 1),
]


@pytest.mark.parametrize(("wrong", "rules"), WRONG, ids=str)
def test_python_and_terraform_refuse_in_the_same_words(newest: Tree, wrong: dict[str, object], rules: int) -> None:
    said = problems(Scenario.model_validate({**SHAPE, **wrong}))
    with pytest.raises(TerraformError) as caught:
        newest.plan("targets/dataproc/terraform", **{"spot_workers": 0, **wrong})
    assert sum(message.split(" Did you mean")[0] in str(caught.value) for message in said) == rules
