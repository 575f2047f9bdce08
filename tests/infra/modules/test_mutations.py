"""Each mistake, made in a copy of the modules, is caught: by the schema, by the module's own tests, or by the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.base.errors import TerraformError
from infra.review.google_provider.provider import VERSIONS
from tests.support.terraform import policy
from tests.support.terraform.grants import GRANTS
from tests.support.terraform.mutations import CLUSTERS, REST, SCHEMA, Mutation
from tests.support.terraform.tree import MODULES, SHAPE, VARIABLES, Tree, checked_tree
from workloads.record import Scenario

WANTED = Scenario.model_validate(
    {**SHAPE, "spot_workers": VARIABLES["targets/dataproc/terraform"]["spot_workers"]}
).model_dump()
BY_CHANCE = re.compile("Unsupported|Null value as key|Invalid (expression|validation)|required, but no|undeclared")
MUTATED = sorted({str(Path(mutation.file).parent) for mutation in (*SCHEMA, *CLUSTERS, *REST)})


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """A tree to spoil."""
    with checked_tree(VERSIONS[-1], tmp_path_factory.mktemp("mutations")) as tree:
        yield tree


def caught(tree: Tree, module: str, root: str) -> str | None:
    """What a check says; None if none does."""
    said = tree.problem(module)
    if said is None and root:
        try:
            resources = tree.plan(root).resources
        except TerraformError as error:
            return str(error)
        found = policy.problems(resources)
        if policy.grants(resources) != GRANTS[root]:
            found.append(f"grants are {sorted(policy.grants(resources) ^ GRANTS[root])}")
        if root == "targets/dataproc/terraform" and policy.shape(resources) != WANTED:
            found.append(f"the cluster is {policy.shape(resources)}")
        said = "; ".join(found) or None
    return said


def apply(tree: Tree, mutation: Mutation) -> str | None:
    file = tree.terraform(str(Path(mutation.file).parent)).root_dir / Path(mutation.file).name
    right = file.read_text(encoding="utf-8")
    assert mutation.old in right, f"{mutation.what}: {mutation.file} has no such text any more"
    try:
        file.write_text(right.replace(mutation.old, mutation.new, 1), encoding="utf-8")
        return caught(tree, str(Path(mutation.file).parent), mutation.root)
    finally:
        file.write_text(right, encoding="utf-8")


def test_every_module_is_mutated() -> None:
    assert set(MODULES) == set(MUTATED)


@pytest.mark.slow
def test_what_the_schema_refuses(copy: Tree) -> None:
    for mutation in SCHEMA:
        said = apply(copy, mutation)
        assert said, mutation.what
        assert "assertion failed" not in said, f"{mutation.what} was let through by the schema: {said}"


@pytest.mark.slow
@pytest.mark.parametrize("module", MUTATED)
def test_what_is_right_passes(copy: Tree, module: str) -> None:
    root = module if module in GRANTS else ""
    assert caught(copy, module, root) is None


@pytest.mark.slow
@pytest.mark.parametrize("mutation", [*CLUSTERS, *REST], ids=lambda mutation: mutation.what)
def test_what_the_rules_refuse(copy: Tree, mutation: Mutation) -> None:
    said = apply(copy, mutation)
    assert said
    assert not BY_CHANCE.search(said), "the mutation itself is no valid Terraform"
