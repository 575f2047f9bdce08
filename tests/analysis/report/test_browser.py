"""The page in a real browser: it renders in light and dark, on a desk and on a phone, and its body never scrolls sideways."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from analysis.report.write import build
from tests.support.analysis import factory
from tests.support.analysis.browser import CHROMIUM, DRAWINGS, chromium

DARK = "--blink-settings=preferredColorScheme=0"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="browser: no chromium; apt-get install -y chromium"),
]

# Measures the page in a frame of a phone's width: headless chromium does not make its own window that narrow.
PROBE = """<!doctype html><iframe id="f" src="report.html" style="width:{width}px;height:800px;border:0"></iframe>
<pre id="o"></pre><script>onload = () => {{
  const d = document.getElementById("f").contentDocument;
  const wide = [...d.querySelectorAll("body *")].filter(e => !e.closest(".scroll") &&
    e.getBoundingClientRect().right > d.documentElement.clientWidth + 1).map(e => e.tagName + "." + e.className);
  const unseen = [...d.querySelectorAll(".drawing svg")].filter(e => e.getBoundingClientRect().height < 50).length;
  document.getElementById("o").textContent = JSON.stringify({{client: d.documentElement.clientWidth,
    scroll: d.documentElement.scrollWidth, wide, unseen, drawings: d.querySelectorAll(".drawing svg").length}});
}}</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("browser")
    factory.demo(root)
    return build(root, "demo", root / "out").page


@pytest.mark.parametrize(
    ("name", "width", "dark"), [("desktop", 1200, False), ("dark", 1200, True), ("phone", 390, False)]
)
def test_page_is_painted(page: Path, tmp_path: Path, name: str, width: int, dark: bool) -> None:
    picture = tmp_path / f"{name}.png"
    chromium(
        tmp_path / "profile", f"--screenshot={picture}", f"--window-size={width},5000", *([DARK] if dark else []),
        page.as_uri(),
    )  # fmt: skip
    with Image.open(picture) as image:
        pixels = image.convert("RGB")
        assert pixels.size == (width, 5000)
        colours = pixels.getcolors(maxcolors=1 << 24)
        corner = pixels.getpixel((2, 2))
    assert colours is not None
    assert len(colours) > 200, f"only {len(colours)} colours: nothing was drawn"
    assert isinstance(corner, tuple)
    assert (sum(corner) < 3 * 60) == dark, f"background {corner}"


def test_headline_and_figures_are_in_the_tree(page: Path, tmp_path: Path) -> None:
    tree = chromium(tmp_path / "profile", "--dump-dom", page.as_uri())
    headline = re.search(r'<p class="headline">(.*?)</p>', tree, re.DOTALL)
    assert headline is not None
    assert "times as long as" in headline[1]
    assert tree.count("<svg") == DRAWINGS


@pytest.mark.parametrize("width", [390, 768, 1200])
def test_body_does_not_scroll_sideways(page: Path, tmp_path: Path, width: int) -> None:
    probe = page.parent / f"probe-{width}.html"
    probe.write_text(PROBE.format(width=width), encoding="utf-8")
    tree = chromium(
        tmp_path / "profile", "--allow-file-access-from-files", "--window-size=1400,900", "--dump-dom", probe.as_uri()
    )
    found = re.search(r'<pre id="o">(\{.*?\})</pre>', tree, re.DOTALL)
    assert found is not None, tree[:2000]
    measured = json.loads(found[1])
    assert measured == {"client": width, "scroll": width, "wide": [], "unseen": 0, "drawings": DRAWINGS}
