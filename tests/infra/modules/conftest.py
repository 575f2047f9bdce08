"""One copy of the modules per version of the provider, for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.review.google_provider.provider import VERSIONS
from tests.support.terraform.tree import Tree, checked_tree


@pytest.fixture(
    scope="session",
    params=[*(pytest.param(version, marks=pytest.mark.slow) for version in VERSIONS[:-1]), VERSIONS[-1]],
)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """With each version: the newest always, the others in the slow suite."""
    with checked_tree(request.param, tmp_path_factory.mktemp("tree")) as made:
        yield made


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """With the newest version."""
    with checked_tree(VERSIONS[-1], tmp_path_factory.mktemp("newest")) as made:
        yield made
