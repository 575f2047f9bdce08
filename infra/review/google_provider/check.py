"""Checks a Terraform root or module for Google Cloud without an account: plan it from an empty state.

Each works on a copy without state, lock file or backend, so that nothing of the checkout changes and no bucket is
asked.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.base.progress import Progress
from infra.inputs.dataset import part_folder
from infra.review.google_provider.provider import VERSIONS, Provider, prepare
from infra.review.google_provider.serve import served
from infra.terraform.client import Terraform

_COPIED = (".tf", ".hcl", ".csv", ".json", ".tftpl", ".sh")
_VERSION = """\
terraform {{
  required_providers {{
    google = {{
      source  = "hashicorp/google"
      version = "{version}"
    }}
  }}
}}
"""
_NO_BACKEND = 'terraform {\n  backend "local" {}\n}\n'


class Resource(NamedTuple):
    """One resource of a plan: what the configuration says of it. Values that only an apply knows are None."""

    address: str
    type: str
    values: dict[str, Any]


class EmptyStatePlan(NamedTuple):
    """What an apply would create where nothing is there yet, the outputs it could tell already, and who says so."""

    provider: Provider
    resources: list[Resource]
    outputs: dict[str, Any]


@contextlib.contextmanager
def copied_root(
    root: Path, version: str = VERSIONS[-1], progress: Progress | None = None
) -> Iterator[tuple[Terraform, Provider]]:
    """Terraform in an initialised copy of a root module or module, for the length of a piece of work.

    Where the folder lies in a tree with ``modules/`` (as ``infra/`` is, of this or of another revision), modules and
    catalogue are copied along with it.
    """
    provider = prepare(version, source_dir=_tree(root), progress=progress)
    with part_folder(f"check-{root.name}-{version}") as part, served(provider) as environment:
        terraform = Terraform(copy_tree(root, part, version), environment=environment)
        terraform.init()
        yield terraform, provider


def plan_from_empty(root: Path, variables: Mapping[str, object], version: str = VERSIONS[-1]) -> EmptyStatePlan:
    """Plan for an empty state, resources sorted by address. Comparing two such plans compares configurations.

    Raises:
        TerraformError: a variable breaks its rule, or the module is wrong.
    """
    with copied_root(root, version) as (terraform, provider):
        return plan_in(terraform, provider, variables)


def plan_in(terraform: Terraform, provider: Provider, variables: Mapping[str, object]) -> EmptyStatePlan:
    """The same, in a root that :func:`copied_root` has prepared."""
    file = terraform.root_dir / "check.auto.tfvars.json"
    file.write_text(json.dumps(dict(variables)), encoding="utf-8")
    try:
        values = terraform.plan_values()["planned_values"]
    finally:
        file.unlink()  # terraform test would read it too
    found = [
        Resource(resource["address"], resource["type"], resource["values"])
        for module in _modules(values.get("root_module", {}))
        for resource in module.get("resources", [])
        if resource["mode"] == "managed"
    ]
    outputs = {name: output.get("value") for name, output in values.get("outputs", {}).items()}
    return EmptyStatePlan(provider, sorted(found, key=lambda resource: resource.address), outputs)


def copy_tree(root: Path, directory: Path, version: str) -> Path:
    """Copy what Terraform reads of a root and its surroundings into ``directory``; returns the copy of the root.

    A root pins one version of the provider: in the copy it is ``version``.
    """
    tree = _tree(root)
    for part in {root, tree / "modules", tree / "catalogue"} if tree != root else {root}:
        if part.is_dir():
            shutil.copytree(part, directory / part.relative_to(tree), ignore=_uninteresting, dirs_exist_ok=True)
    copy = directory / root.relative_to(tree)
    text = "".join(path.read_text(encoding="utf-8") for path in copy.glob("*.tf"))
    if 'backend "' in text:
        (copy / "backend_override.tf").write_text(_NO_BACKEND, encoding="utf-8")
    if "hashicorp/google" in text:
        (copy / "version_override.tf").write_text(_VERSION.format(version=version), encoding="utf-8")
    return copy


def _tree(root: Path) -> Path:
    return next((folder for folder in root.parents if (folder / "modules").is_dir()), root)


def _uninteresting(directory: str, names: list[str]) -> list[str]:
    here = Path(directory)
    return [
        name
        for name in names
        if name.startswith((".terraform", "__pycache__")) or not ((here / name).is_dir() or name.endswith(_COPIED))
    ]


def _modules(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield module
    for child in module.get("child_modules", []):
        yield from _modules(child)
