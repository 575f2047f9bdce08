"""States as an older revision of this tree would have left them, and what a newer one plans on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.review.google_provider.check import copied_root
from infra.review.google_provider.provider import Provider
from infra.terraform.client import STATE_FILE, Terraform

Json = dict[str, Any]
MADE = {  # strings that only Google knows, by attribute; others are "made-<attribute>"
    "name": "projects/1/locations/global/workloadIdentityPools/bakeoff-github",
    "email": "account@my-project.iam.gserviceaccount.com",
    "member": "serviceAccount:account@my-project.iam.gserviceaccount.com",
}


def applied_state(root: Path, variables: Json) -> Json:
    """The state after a root's first apply: its plan, with values for what is not known yet. Needs the stand-in."""
    state: Json = {}
    with copied_root(root) as (terraform, provider):
        schemas = json.loads((provider.directory / "schema.json").read_text(encoding="utf-8"))["resource_schemas"]
        for _ in range(2):  # the second plan knows what one resource takes from another
            plan = _plan(terraform, variables, state)
            state = {
                "version": 4,
                "terraform_version": plan["terraform_version"],
                "serial": 1,
                "lineage": "00000000-0000-0000-0000-000000000000",
                "outputs": {},
                "resources": [_resource(change, provider, schemas) for change in plan["resource_changes"]],
            }
    return state


def planned_changes(root: Path, variables: Json, state: Json) -> list[Json]:
    """What a root would change in a state, as ``terraform show -json`` has it. Addresses that only move are among it."""
    with copied_root(root) as (terraform, _):
        return list(_plan(terraform, variables, state)["resource_changes"])


def _plan(terraform: Terraform, variables: Json, state: Json) -> Json:
    (terraform.root_dir / "check.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
    if state:
        (terraform.root_dir / STATE_FILE).write_text(json.dumps(state), encoding="utf-8")
    return terraform.plan_values()


def differing(change: Json) -> set[str]:
    """Attributes that an update changes."""
    before, after = change["change"]["before"], change["change"]["after"]
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _resource(change: Json, provider: Provider, schemas: Json) -> Json:
    block = schemas[change["type"]]["block"]
    instance = {
        "schema_version": schemas[change["type"]]["version"],
        "attributes": _known(block, change["change"]["after"], change["change"]["after_unknown"]),
    }
    if "index" in change:
        instance["index_key"] = change["index"]
    return {
        **({"module": change["module_address"]} if "module_address" in change else {}),
        "mode": "managed",
        "type": change["type"],
        "name": change["name"],
        "provider": f'provider["{provider.address}"]',
        "instances": [instance],
    }


def _known(block: Json, values: Json, unknown: Json) -> Json:
    """Values of a block with those filled in that only an apply knows."""
    found = {
        name: _made(name, attribute["type"]) if unknown.get(name) is True else values.get(name)
        for name, attribute in block["attributes"].items()
    }
    for name, inner in block["block_types"].items():
        written, open_ones = values.get(name), unknown.get(name, [])
        if isinstance(written, list):
            found[name] = [
                _known(inner["block"], item, open_ones[index] if index < len(open_ones) else {})
                for index, item in enumerate(written)
            ]
        else:
            found[name] = written
    return found


def _made(name: str, kind: Any) -> Any:
    empty = {"bool": False, "number": 0, "map": {}, "list": [], "set": []}
    return empty.get(kind if isinstance(kind, str) else kind[0], MADE.get(name, f"made-{name}"))
