"""A real SparkContext for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.spark import local_spark


@pytest.fixture(scope="session")
def spark(store_address: str) -> Iterator[Any]:
    """One for the session: its first job costs seconds."""
    with local_spark(store_address) as context:
        yield context
