"""Foreign text stays text, and a comment stays within what GitHub takes."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.review.comment import comment
from infra.review.markdown import GITHUB_LIMIT, LONGEST_TEXT, Section, assemble, code, fenced, row, table
from tests.support.repository import Repository

NASTY = "]|`*_~<b>@someone #1 &amp; \\ https://example.org www.example.org\n\n# x\r<!-- -->"


@pytest.mark.parametrize(
    "markup", ["|", "`", "*", "<b>", "@", "#", "&amp;", "\\", "://", "www.", "\n", "\r", "[", "]", "!"]
)
def test_nothing_in_foreign_text_is_markup(markup: str) -> None:
    inner = code(f"a{markup}b")[len("<code>") : -len("</code>")]
    assert markup not in re.sub(r"&#\d+;", "", inner)
    assert html.unescape(inner) == f"a{' '.join(markup.split()) if markup.strip() else ' '}b"


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_whatever_the_text_is_one_line_of_ascii_without_markup(text: str) -> None:
    written = code(text)
    assert written.isascii()
    inner = re.sub(r"&#\d+;", "", written[len("<code>") : -len("</code>")])
    assert re.fullmatch(r"[A-Za-z0-9 ,.()=/_+-]*", inner)
    assert not re.search(r"www\.", inner, re.IGNORECASE)


def test_what_cannot_be_seen_is_shown() -> None:
    assert html.unescape(code("a\u202eb\u200bc\x00")) == "<code>aU+202EbU+200BcU+0000</code>"


def test_a_long_text_is_cut() -> None:
    assert len(html.unescape(code("x" * 10_000))) == LONGEST_TEXT + len("<code></code>")


def test_a_fence_is_longer_than_any_within() -> None:
    block = fenced(["a", "````", "b"], "diff")
    assert block.startswith("`````diff\n")
    assert block.endswith("\n`````\n")


def test_sections_that_do_not_fit_are_cut_at_an_item_and_say_so() -> None:
    long = Section("head one\n" + table(("a",)), tuple(row("x" * 90) for _ in range(100)), "rows", "tail one\n")
    short = Section("head two\n", ("the only item\n",), "rows", "tail two\n")
    text = assemble([long, short], "bakeoff review --base main", limit=2000)
    assert 1700 < len(text) <= 2000
    assert "the only item" in text
    rows = text.count("x" * 90)
    assert 0 < rows < 100
    assert f"{100 - rows} more rows left out" in text
    assert text.index("tail one") < text.index("head two")
    assert "left out" not in assemble([short], "x", limit=2000)


def test_a_hostile_change_stays_a_comment_of_the_allowed_length(repository: Repository) -> None:
    for number in range(200):
        repository.write(f"infra/scenarios/x{number} |<img src=x>`@a.tfvars", NASTY * 20)
    text = comment(repository.review())
    assert 30_000 < len(text) <= GITHUB_LIMIT
    assert "more scenarios left out" in text
    assert "<img" not in text
    assert "@a" not in text
    assert "### Checked with" in text
