"""What a test of the page's words may leave out, since it takes most of the time: figures, or their second form."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from analysis.report.figures import catalogue


def leave_out_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of records of which nothing can be drawn."""
    nothing = catalogue.Figures(results=[], search=[], study=[], nodes=[], stages=[], nodes_left_out=[], absent=[])
    monkeypatch.setattr(catalogue, "draw_all", lambda *_: nothing)


def leave_png_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are drawn once, as SVG; their PNG are empty files."""
    drawn = FigureCanvasAgg.print_png

    def write(canvas: FigureCanvasAgg, to: object, **options: object) -> None:
        if isinstance(to, Path):
            to.touch()
        else:  # a part of an SVG
            drawn(canvas, to, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(FigureCanvasAgg, "print_png", write)
