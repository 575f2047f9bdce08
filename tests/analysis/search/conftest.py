"""What several tests of ``bakeoff replay`` begin with."""

from __future__ import annotations

import pytest

from tests.support.analysis.recorded import table


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A replay of one application: without a past, the uses alone say when to stop."""
    path = tmp_path_factory.mktemp("recorded") / "sort.csv"
    frame = table()
    frame[frame["app"] == "sort"].to_csv(path, index=False)
    return ["replay", "--data", str(path), "--seeds", "1"]
