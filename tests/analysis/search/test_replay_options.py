"""``bakeoff replay``: strategies are named once each, and a figure's place is known to be good before the work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.search.replay import tournament
from infra.base.errors import UsageError
from infra.cli.app import app


@pytest.mark.parametrize("option", ["--strategies", "--features"])
@pytest.mark.parametrize("value", ["", ",", " , "])
def test_no_name_at_all_is_refused(words: list[str], option: str, value: str) -> None:
    result = CliRunner().invoke(app, [*words, option, value])
    assert isinstance(result.exception, UsageError), result.output
    assert f"{option} takes names separated by commas; received '{value}'." in str(result.exception)


def test_a_strategy_named_twice_counts_once(words: list[str]) -> None:
    printed = json.loads(CliRunner().invoke(app, [*words, "--strategies", "random,random, random", "--json"]).stdout)
    assert [row["workload"] for row in printed["rows"]] == ["sort_small", "sort_big"]


def test_a_figure_that_cannot_be_written_is_refused_before_the_work(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tournament, "play", lambda *_, **__: pytest.fail("it was replayed"))
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "fig", Path("/proc/nosuch/fig"), Path("/proc/fig"), Path(".")):
        result = CliRunner().invoke(app, [*words, "--strategies", "random", "--plot", str(place)])
        assert isinstance(result.exception, UsageError), result.output
        assert f"--plot must be a file in a folder that can be written; received '{place}'" in str(result.exception)


def test_the_folder_of_a_figure_is_made(words: list[str], tmp_path: Path) -> None:
    plot = tmp_path / "new" / "folder" / "fig"
    assert CliRunner().invoke(app, [*words, "--strategies", "random", "--plot", str(plot)]).exit_code == 0
    assert sorted(path.name for path in plot.parent.iterdir()) == ["fig.png", "fig.svg"]
