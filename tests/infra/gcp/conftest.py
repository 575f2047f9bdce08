"""A fake Google Cloud for the tests of this room: a new one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infra.gcp.fakes.cloud import Cloud, standing_cloud

__all__ = ["cloud"]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with standing_cloud() as standing:
        yield standing
