"""States of bootstrap and foundation live for years: what an older bakeoff made is neither destroyed nor replaced by this one."""

from __future__ import annotations

import re
import subprocess

import pytest

from infra.base.paths import PROJECT_DIR
from infra.review.google_provider.provider import CHOICE_VARIABLE
from infra.review.revision import laid_out
from tests.support.terraform.hcl import blocks
from tests.support.terraform.states import Json, applied_state, differing, planned_changes
from tests.support.terraform.tree import VARIABLES

OLDER = "e020014"
CI = "serviceAccount:bakeoff-ci-clean@my-project.iam.gserviceaccount.com"
# Every resource that the root can make, in the variables of then.
THEN: dict[str, Json] = {
    "bootstrap": {key: value for key, value in VARIABLES["bootstrap"].items() if key != "github_repository_owner_id"},
    "foundation": {
        **VARIABLES["foundation"],
        "nat": True,
        "cleaner_members": {"ci": CI},
        "budget": {"billing_account": "012345-6789AB-CDEF01", "project_number": "123", "amount_usd": 50},
    },
}
NOW = {**THEN, "bootstrap": VARIABLES["bootstrap"]}
CREATED = {
    "bootstrap": set(),
    "foundation": {
        f'google_project_iam_member.client["{who} roles/serviceusage.serviceUsageConsumer"]'
        for who in ("team", "clean ci")
    },
}
# All of these the API changes in place, but for a grant's member: that grant is made anew, and holds no data.
UPDATED = {
    "bootstrap": {
        "google_iam_workload_identity_pool_provider.github[0]": {"attribute_condition", "attribute_mapping"},
        'module.plan_account[0].google_service_account_iam_member.federated["main"]': {"member"},
        'module.plan_account[0].google_service_account_iam_member.federated["pull_requests"]': {"member"},
        'module.clean_account[0].google_service_account_iam_member.federated["main"]': {"member"},
    },
    "foundation": {"google_monitoring_dashboard.this": {"dashboard_json"}},
}


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Json]]:
    """By root, what it plans on a state of the older revision."""
    known = subprocess.run(["git", "-C", str(PROJECT_DIR), "cat-file", "-e", OLDER], capture_output=True, check=False)
    if known.returncode:
        pytest.skip(f"history: {OLDER} is not in this clone")
    with laid_out(PROJECT_DIR, OLDER) as tree, pytest.MonkeyPatch.context() as patch:
        patch.setenv(CHOICE_VARIABLE, "stand-in")  # the real provider would ask Google for what the states name
        states = {root: applied_state(tree / "infra" / root, THEN[root]) for root in THEN}
        return {root: planned_changes(PROJECT_DIR / "infra" / root, NOW[root], state) for root, state in states.items()}


@pytest.mark.parametrize("root", THEN)
def test_nothing_is_destroyed_or_replaced(changes: dict[str, list[Json]], root: str) -> None:
    by_action: dict[str, dict[str, Json]] = {}
    for change in changes[root]:
        by_action.setdefault("/".join(change["change"]["actions"]), {})[change["address"]] = change
    assert by_action.keys() <= {"no-op", "create", "update"}
    assert set(by_action.get("create", {})) == CREATED[root]
    assert {address: differing(change) for address, change in by_action["update"].items()} == UPDATED[root]
    assert len(by_action["no-op"]) >= 15


@pytest.mark.parametrize("root", THEN)
def test_every_move_is_made(changes: dict[str, list[Json]], root: str) -> None:
    """A moved block whose ``from`` is misspelt would do nothing."""
    text = (PROJECT_DIR / "infra" / root / "moved.tf").read_text(encoding="utf-8")
    planned = {re.sub(r"\[.*?\]", "", move) for move in re.findall(r"from = (.*)", text)}
    moved = {change["previous_address"] for change in changes[root] if "previous_address" in change}
    assert {re.sub(r"\[.*?\]", "", address) for address in moved} == planned


def test_ci_is_known_by_the_numbers_of_its_repository(changes: dict[str, list[Json]]) -> None:
    pool = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/bakeoff-github"
    members = {
        change["address"].removeprefix("module."): change["change"]["after"]["member"]
        for change in changes["bootstrap"]
        if change["name"] == "federated"
    }
    grant = "google_service_account_iam_member.federated"
    assert members == {
        f'plan_account[0].{grant}["pull_requests"]': f"{pool}/attribute.run/12345:pull_request",
        f'plan_account[0].{grant}["main"]': f"{pool}/attribute.run/12345:refs/heads/main",
        f'clean_account[0].{grant}["main"]': f"{pool}/attribute.run/12345:refs/heads/main",
    }


@pytest.mark.parametrize(
    ("file", "kind", "name"),
    [
        ("bootstrap/main.tf", "google_storage_bucket", "state"),
        ("bootstrap/github.tf", "google_iam_workload_identity_pool", "github"),
        ("foundation/buckets.tf", "google_storage_bucket", "data"),
    ],
)
def test_what_cannot_be_made_again_is_kept(file: str, kind: str, name: str) -> None:
    resources = blocks(PROJECT_DIR / "infra" / file, "resource", kind)
    assert resources[name]["lifecycle"] == [{"prevent_destroy": True}]
