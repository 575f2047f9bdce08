"""The configuration diff: what Terraform would build from nothing in both revisions, resource by resource.

No cloud is asked and no state is read, so this says what the configuration says, not what an apply would do to a cluster
that stands (whether it is changed in place or replaced). The values of a root's variables are those of its own tests, with the
scenario's on top: the plans then show a shape's resources under a project and names that are nobody's.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import hcl2
from lark.exceptions import LarkError
from pydantic import BaseModel, ConfigDict

from infra.base.errors import BakeoffError, SetupError, TerraformError
from infra.base.progress import Progress
from infra.review.google_provider.check import EmptyStatePlan, plan_from_empty
from infra.review.revision import File
from infra.review.scenarios import ScenarioChange

TARGET = "infra/targets/dataproc/terraform"
LAYERS = ("infra/bootstrap", "infra/foundation")
CATALOGUE = "infra/catalogue"
NOT_READ = ("infra/catalogue/prices.csv",)
_SOURCE = re.compile(r'^\s*source\s*=\s*"(\.[^"]*)"', re.MULTILINE)
SUFFIXES = (".tf", ".csv", ".tftpl", ".sh", ".json", ".hcl")


class ResourceChange(BaseModel):
    """One resource, and the attributes that differ: path -> value before and after (None: not set, or not known yet)."""

    model_config = ConfigDict(frozen=True)

    address: str
    kind: Literal["added", "removed", "changed"]
    attributes: dict[str, tuple[object, object]]


class RootDiff(BaseModel):
    """A root module whose configuration differs, for these scenarios alike (none: it takes no scenario)."""

    model_config = ConfigDict(frozen=True)

    root: str
    scenarios: list[str]
    resources: list[ResourceChange]


class Failed(BaseModel):
    """A plan that Terraform refused."""

    model_config = ConfigDict(frozen=True)

    root: str
    scenario: str | None
    when: Literal["before", "after"]
    reason: str


class Configuration(BaseModel):
    """Everything that was planned, and what it was checked with."""

    model_config = ConfigDict(frozen=True)

    checked_with: str | None  # None: nothing was planned, for the reason in ``unavailable``
    unavailable: str | None = None
    planned: int = 0
    diffs: list[RootDiff] = []
    failed: list[Failed] = []


def compare_configuration(
    before: Path, after: Path, scenarios: list[ScenarioChange], files: list[File], progress: Progress
) -> Configuration:
    """Plan, in both trees, all that the change can alter, and compare.

    Args:
        before: root of the tree to compare with.
        after: root of the tree under review.
        scenarios: of both trees.
        files: that differ below ``infra/``; what reads none of them is the same and is not planned.
    """
    touched = {root for root in (TARGET, *LAYERS) if _touches(_folders(before, root) | _folders(after, root), files)}
    todo: list[tuple[str, ScenarioChange | None]] = [
        (TARGET, scenario) for scenario in scenarios if TARGET in touched or scenario.fields
    ]
    todo += [(root, None) for root in LAYERS if root in touched]
    todo = [(root, scenario) for root, scenario in todo if (before / root).is_dir() or (after / root).is_dir()]
    diffs: dict[tuple[str, str], RootDiff] = {}
    failed: list[Failed] = []
    used: set[str] = set()
    for done, (root, scenario) in enumerate(todo):
        progress.stage(f"plan {root}" + (f" for {scenario.name}" if scenario else ""))
        progress.advance(done, len(todo), "configurations")
        plans: dict[str, dict[str, dict[str, object]]] = {}
        for when, tree in (("before", before), ("after", after)):
            side = getattr(scenario, when) if scenario else None
            plans[when] = {}
            if not (tree / root).is_dir() or (scenario is not None and (side is None or side.scenario is None)):
                continue
            try:
                plan = plan_from_empty(tree / root, _values(tree / root, side.scenario.model_dump() if side else {}))
            except SetupError as error:
                return Configuration(checked_with=None, unavailable=str(error))
            except BakeoffError as error:
                reason = str(error).replace(f"{tree}/", "")
                failed.append(Failed(root=root, scenario=scenario and scenario.name, when=when, reason=reason))
                plans = {}
                break
            used.add(str(plan.provider))
            plans[when] = _by_address(plan)
        changes = list(_changes(plans["before"], plans["after"])) if plans else []
        if changes:
            key = root, json.dumps([change.model_dump() for change in changes], sort_keys=True)
            diff = diffs.setdefault(key, RootDiff(root=root, scenarios=[], resources=changes))
            diff.scenarios.extend([scenario.name] if scenario else [])
    return Configuration(
        checked_with=", ".join(sorted(used)) or None,
        unavailable=None if used or not todo else "Terraform refused every plan",
        planned=len(todo),
        diffs=list(diffs.values()),
        failed=failed,
    )


def _folders(tree: Path, root: str) -> set[str]:
    """Folders of a tree that a root module reads: its own, those of its modules, and the catalogue where one names it."""
    found: set[str] = set()
    todo = {root}
    while todo:
        folder = todo.pop()
        found.add(folder)
        text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in (tree / folder).glob("*.tf"))
        sources = {os.path.normpath(f"{folder}/{source}") for source in _SOURCE.findall(text)}
        todo |= sources - found
        found |= {CATALOGUE} if "/catalogue" in text else set()
    return found


def _touches(folders: set[str], files: list[File]) -> bool:
    """True if Terraform reads one of the files in one of the folders."""
    return any(
        any(file.path.startswith(f"{folder}/") for folder in folders)
        and file.path.endswith(SUFFIXES)
        and file.path not in NOT_READ
        and "/tests/" not in file.path
        for file in files
    )


def _values(root: Path, scenario: Mapping[str, object]) -> dict[str, object]:
    """Values for the variables of a root: those that its tests share, and the scenario's where it has such a variable."""
    found: dict[str, object] = {}
    for path in sorted((root / "tests").glob("*.tftest.hcl")):
        for block in _hcl(path).get("variables", []):
            found = {**block, **found}
    declared = {name for path in root.glob("*.tf") for block in _hcl(path).get("variable", []) for name in block}
    return {name: value for name, value in {**found, **scenario}.items() if name in declared}


def _hcl(path: Path) -> dict[str, Any]:
    options = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True, explicit_blocks=False)
    try:
        with path.open(encoding="utf-8") as file:
            return dict(hcl2.load(file, serialization_options=options))
    except (LarkError, UnicodeDecodeError) as error:
        raise TerraformError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _by_address(plan: EmptyStatePlan) -> dict[str, dict[str, object]]:
    return {resource.address: dict(_leaves(resource.values)) for resource in plan.resources}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, object]]:
    """Attributes by path; a block that there is once has no index. What is not set has no entry."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, path if len(value) == 1 else f"{path}[{index}]")
    elif value not in (None, [], {}):
        yield path, value


def _changes(
    before: Mapping[str, dict[str, object]], after: Mapping[str, dict[str, object]]
) -> Iterator[ResourceChange]:
    for address in sorted({*before, *after}):
        old, new = before.get(address, {}), after.get(address, {})
        differing = {path: (old.get(path), new.get(path)) for path in [*old, *(p for p in new if p not in old)]}
        differing = {path: values for path, values in differing.items() if values[0] != values[1]}
        if address not in before:
            yield ResourceChange(address=address, kind="added", attributes=differing)
        elif address not in after:
            yield ResourceChange(address=address, kind="removed", attributes=differing)
        elif differing:
            yield ResourceChange(address=address, kind="changed", attributes=differing)
