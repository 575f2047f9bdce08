"""The page for a screen reader, a keyboard and a printer, as Chromium's accessibility tree and its print style have it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from analysis.report.write import build
from tests.support.analysis import factory
from tests.support.analysis.browser import CHROMIUM, DRAWINGS, OPTIONS
from tests.support.analysis.devtools import Page, opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="browser: no chromium; apt-get install -y chromium"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    root = tmp_path_factory.mktemp("accessibility")
    factory.demo(root)
    built = build(root, "demo", root / "out").page
    assert CHROMIUM is not None
    with opened(CHROMIUM, [o for o in OPTIONS if "virtual-time" not in o], root / "profile", built.as_uri()) as one:
        yield one


@pytest.fixture(scope="module")
def tree(page: Page) -> list[dict[str, Any]]:
    """Nodes that a screen reader meets, in its order: role, name and properties."""
    found = [
        {
            "role": node["role"]["value"], "name": node.get("name", {}).get("value", ""),
            **{p["name"]: p["value"].get("value") for p in node.get("properties", [])},
        }
        for node in page.call("Accessibility.getFullAXTree")["nodes"]
        if not node.get("ignored")
    ]  # fmt: skip
    assert len(found) > 500
    return found


def of(tree: list[dict[str, Any]], *roles: str) -> list[dict[str, Any]]:
    return [node for node in tree if node["role"] in roles]


def test_language_title_and_landmarks(page: Page, tree: list[dict[str, Any]]) -> None:
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "demo" in page.evaluate("document.title")
    for role in ("banner", "navigation", "main"):
        assert len(of(tree, role)) == 1, role
    regions = [node["name"] for node in of(tree, "region")]
    assert len(regions) > 8
    assert all(regions)


def test_every_figure_is_an_image_that_says_what_it_shows(tree: list[dict[str, Any]]) -> None:
    images = of(tree, "image", "img", "graphics-document")
    assert len(images) == DRAWINGS
    assert all(len(image["name"]) > 40 for image in images), [image["name"] for image in images]
    assert len({image["name"] for image in images}) == DRAWINGS


def test_headings_nest_and_none_is_empty(tree: list[dict[str, Any]]) -> None:
    headings = of(tree, "heading")
    levels = [int(heading["level"]) for heading in headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    assert all(heading["name"].strip() for heading in headings)


def test_tables_are_named_and_every_cell_has_its_headers(page: Page, tree: list[dict[str, Any]]) -> None:
    tables = of(tree, "table")
    assert len(tables) >= 10
    assert all(table["name"] for table in tables), "a table has no name"
    assert len({table["name"] for table in tables}) == len(tables)
    bare = page.evaluate(
        """[...document.querySelectorAll("table")].flatMap(t => [
             ...[...t.querySelectorAll("th")].filter(h => !h.scope || !h.textContent.trim()).map(h => "th: " + h.outerHTML),
             ...[...t.tBodies[0].rows].filter(r => r.cells[0].tagName != "TH" && r.cells[0].colSpan == 1).map(r => r.outerHTML),
             ...(t.tHead ? [] : ["no head: " + t.outerHTML.slice(0, 99)])])"""
    )
    assert bare == []


def test_links_say_where_they_lead_and_targets_exist(page: Page, tree: list[dict[str, Any]]) -> None:
    links = of(tree, "link")
    assert len(links) > 20
    assert all(link["name"].strip() for link in links)
    twice = page.evaluate(
        """(() => { const to = {};
             for (const a of document.links) (to[(a.ariaLabel || a.textContent).trim()] ??= new Set()).add(a.href);
             return Object.entries(to).filter(([, of]) => of.size > 1).map(([name]) => name) })()"""
    )
    assert twice == [], "links of one name lead to different places"
    lost = page.evaluate(
        """[...document.links].map(a => a.getAttribute("href"))
             .filter(h => h.startsWith("#") && !document.getElementById(h.slice(1)))"""
    )
    assert lost == []


def test_tab_goes_through_the_page_in_its_order_and_is_seen(page: Page) -> None:
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    seen: list[dict[str, Any]] = []
    for _ in range(40):
        page.press("Tab", 9)
        seen.append(page.evaluate(
            """(() => { const e = document.activeElement; window.last = window.now; window.now = e;
                 return {text: e.textContent.slice(0, 30), tag: e.tagName, outline: getComputedStyle(e).outlineStyle,
                         after: !window.last || !!(window.last.compareDocumentPosition(e) & 4)} })()"""
        ))  # fmt: skip
    assert seen[0]["text"] == "To the answer"
    assert all(one["after"] for one in seen[1:]), seen
    assert all(one["outline"] != "none" for one in seen), [one for one in seen if one["outline"] == "none"]
    assert page.evaluate("[...document.querySelectorAll('[tabindex]')].every(e => e.tabIndex == 0)")


def test_contrast_is_enough_for_small_text(page: Page) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text, in light and dark; 1.4.11: 3 to 1 for the series of figures on their card."""
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        ratios = page.evaluate(
            """(() => { const of = n => getComputedStyle(document.documentElement).getPropertyValue(n).trim();
                 const light = h => [1, 3, 5].map(i => parseInt(h.slice(i, i + 2), 16) / 255)
                   .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                   .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
                 const ratio = (a, b) => { const [x, y] = [light(of(a)), light(of(b))].sort((p, q) => q - p);
                                           return (x + 0.05) / (y + 0.05) };
                 const found = {};
                 for (const ink of ["--ink", "--muted", "--accent", "--good", "--bad"])
                   for (const on of ["--paper", "--card"]) found[ink + on] = ratio(ink, on) / 4.5;
                 for (let i = 0; i < 9; i++) found["--s" + i] = ratio("--s" + i, "--card") / 3;
                 return found })()"""
        )
        assert {name: ratio for name, ratio in ratios.items() if ratio < 1} == {}, scheme
    page.call("Emulation.setEmulatedMedia", features=[])


def test_print_is_on_white_with_every_table_whole_and_nothing_to_click(page: Page) -> None:
    page.call("Emulation.setEmulatedMedia", media="print",
              features=[{"name": "prefers-color-scheme", "value": "dark"}])  # fmt: skip
    try:
        printed = page.evaluate(
            """({paper: getComputedStyle(document.body).backgroundColor,
                 nav: getComputedStyle(document.querySelector("nav")).display,
                 skip: getComputedStyle(document.querySelector(".skip")).display,
                 cut: [...document.querySelectorAll(".scroll")].filter(e => getComputedStyle(e).overflowX != "visible").length,
                 split: [...document.querySelectorAll("figure")].filter(e => getComputedStyle(e).breakInside != "avoid")
                                .length})"""
        )
    finally:
        page.call("Emulation.setEmulatedMedia", media="", features=[])
    assert printed == {"paper": "rgb(255, 255, 255)", "nav": "none", "skip": "none", "cut": 0, "split": 0}
