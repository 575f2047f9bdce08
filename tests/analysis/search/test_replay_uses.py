"""``bakeoff replay --uses``: it arrives, and is refused where nothing would listen."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from infra.cli.app import app
from infra.errors import UsageError
from tests.analysis.search.recorded import table


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A replay of one application: without a past, the uses alone say when to stop."""
    path = tmp_path_factory.mktemp("recorded") / "sort.csv"
    frame = table()
    frame[frame["app"] == "sort"].to_csv(path, index=False)
    return ["replay", "--data", str(path), "--seeds", "1"]


def test_more_uses_search_longer(words: list[str]) -> None:
    asked = [*words, "--strategies", "bakeoff", "--json"]
    printed = [json.loads(CliRunner().invoke(app, [*asked, "--uses", uses]).stdout) for uses in ("1", "100000")]
    few, many = (one["summary"][0] for one in printed)
    assert few["runs_to_stop"] == 3 < many["runs_to_stop"]
    assert few["runs_to_within_10pct"] == many["runs_to_within_10pct"]


def test_uses_are_for_single_workloads(words: list[str]) -> None:
    result = CliRunner().invoke(app, [*words, "--one-for-all", "--uses", "10"])
    assert isinstance(result.exception, UsageError), result.output
    assert "--uses is for searches of single workloads; received 10." in str(result.exception)
