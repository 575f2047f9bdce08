"""``bakeoff replay --uses``: it arrives, is said in what is printed, and is refused where nothing would listen."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from analysis.search.strategies.bakeoff import USES
from infra.base.errors import UsageError
from infra.cli.app import app


def test_more_uses_search_longer(words: list[str]) -> None:
    asked = [*words, "--strategies", "bakeoff", "--json"]
    printed = [json.loads(CliRunner().invoke(app, [*asked, "--uses", uses]).stdout) for uses in ("1", "100000")]
    assert [one["uses"] for one in printed] == [1, 100000]
    few, many = (one["summary"][0] for one in printed)
    assert few["runs_to_stop"] == 3 < many["runs_to_stop"]
    assert few["runs_to_within_10pct"] == many["runs_to_within_10pct"]


def test_table_and_json_say_for_how_many_uses(words: list[str]) -> None:
    asked = [*words, "--strategies", "random,bakeoff"]
    assert f"bakeoff for {USES:g} uses" in CliRunner(env={"COLUMNS": "200"}).invoke(app, asked).stdout
    assert json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)["uses"] == USES


def test_where_no_strategy_listens_no_uses_are_said(words: list[str]) -> None:
    asked = [*words, "--strategies", "random"]
    assert "uses" not in CliRunner().invoke(app, asked).stdout
    assert json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)["uses"] is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--one-for-all"], "--uses is for searches of single workloads; received 10."),
        (
            ["--strategies", "cherrypick,random"],
            "--uses is for the strategy bakeoff; received 10 for cherrypick,random.",
        ),
    ],
)
def test_uses_are_refused_where_nothing_listens(words: list[str], asked: list[str], message: str) -> None:
    result = CliRunner().invoke(app, [*words, *asked, "--uses", "10"])
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)
