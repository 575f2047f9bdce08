"""One figure from its title to its files: SVG and PNG on white, and an SVG to put into a page.

Every figure is drawn under matplotlib's own defaults and :data:`analysis.report.figures.style.RC`. Nothing that users
set for their own plots (matplotlibrc, a style, LaTeX, fonts, a backend) reaches it, and nothing of ours stays behind.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.report.figures import style

WIDTH_IN = 7.6
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LINE_IN = 0.2  # height of one line of the title
TITLE_GAP_PX = 8  # right of a panel's title


@dataclass(frozen=True)
class Drawn:
    """A figure as the page needs it."""

    name: str
    title: str  # says what to see
    caption: str  # how it was made and how to read it
    alt: str
    svg: str  # to put into a page
    runs: tuple[str, ...] = ()  # the records it draws, where it draws single ones


@contextmanager
def canvas(folder: Path, name: str, title: str, height_in: float) -> Iterator[Canvas]:
    """An empty figure; all that is drawn and saved within the context has our settings only.

    Args:
        folder: of the files; made if need be.
        name: of the files, without suffix.
        title: wrapped at the width of the figure.
        height_in: height of the drawing without its title, in inches.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**style.RC, "svg.hashsalt": name})
        yield Canvas(folder, name, title, height_in)


class Canvas:
    """A figure being drawn; ``fig`` is matplotlib's, laid out below the title. Made by :func:`canvas`."""

    def __init__(self, folder: Path, name: str, title: str, height_in: float) -> None:
        self.folder, self.name, self.title = folder, name, title
        lines = textwrap.wrap(title, 76) or [""]
        self._head_in = LINE_IN * len(lines) + 0.16
        whole_in = height_in + self._head_in
        self.fig = Figure(figsize=(WIDTH_IN, whole_in))
        below = (0, 0, 1, height_in / whole_in)
        self.fig.set_layout_engine("constrained", rect=below, h_pad=0.06, w_pad=0.06, hspace=0.03)
        self.fig.text(
            0.06 / WIDTH_IN, 1 - 0.08 / whole_in, "\n".join(lines), ha="left", va="top", fontsize=11,
            fontweight="bold", gid="headline", linespacing=1.25, in_layout=False,
        )  # fmt: skip

    def save(self, caption: str, alt: str, runs: tuple[str, ...] = ()) -> Drawn:
        """Write ``<name>.svg`` and ``<name>.png`` and return the figure for the page.

        The page shows the title in its own words above the figure, so the inline SVG is cut below the drawn one.
        """
        engine = self.fig.get_layout_engine()
        assert engine is not None
        engine.execute(self.fig)
        _narrow_titles(self.fig)
        self.fig.set_layout_engine("none")  # laid out once is enough
        # Not savefig, which draws everything a second time, unseen, before each file.
        buffer = io.StringIO()
        metadata = {"Date": None, "Creator": None, "Title": self.title}
        FigureCanvasSVG(self.fig).print_svg(buffer, metadata=metadata)  # type: ignore[no-untyped-call]
        self.fig.set_dpi(144)
        self.folder.mkdir(parents=True, exist_ok=True)
        FigureCanvasAgg(self.fig).print_png(self.folder / f"{self.name}.png", metadata={"Software": None})  # type: ignore[no-untyped-call]
        svg = buffer.getvalue()
        (self.folder / f"{self.name}.svg").write_text(svg, encoding="utf-8")
        return Drawn(self.name, self.title, caption, alt, _inline(svg, self._head_in, self.name), runs)


def _narrow_titles(fig: Figure) -> None:
    """Set the title of a panel smaller where it would run into the next panel, or out of the figure."""
    places = [axes.get_window_extent() for axes in fig.axes]
    for axes, place in zip(fig.axes, places, strict=True):
        beside = [other.x0 for other in places if other.x0 > place.x1 and abs(other.y0 - place.y0) < 1]
        room = min([*beside, fig.bbox.x1]) - place.x0 - TITLE_GAP_PX
        for text in axes.findobj(Text):
            if text.get_text() and text.get_text() == axes.get_title(loc="left"):
                wanted = text.get_window_extent().width
                if wanted > room:  # widths follow the size within a few percent, as letters keep to whole pixels
                    text.set_fontsize(float(text.get_fontsize()) * 0.97 * room / wanted)


def _inline(svg: str, head_in: float, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="headline">.*?</g>\s*', "", svg, count=1, flags=re.DOTALL)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if box is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox that starts at 0 0")
    width, height, top = float(box[1]), float(box[2]), head_in * 72
    svg = re.sub(
        r"<svg[^>]*>",
        f'<svg viewBox="0 {top:g} {width:g} {height - top:g}" aria-hidden="true" focusable="false" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">',
        svg,
        count=1,
    )
    svg = re.sub(r'\bid="', f'id="{name}-', svg)  # ids are unique within a page, not within a figure
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', svg)
    svg = re.sub(r"(font: [^;\"]*?px) [^;\"]*", rf"\1 {FONTS}", svg)
    for colour, variable in style.VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg.strip()
