"""Figures for every eye: series stay apart in grey and for the colour-blind, and intervals are drawn where there are any."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from analysis.records.runs import load
from analysis.report.evidence import evidence_of
from analysis.report.figures import frontier, marks, speedup, stages, style, throughput, time_cost
from analysis.report.figures.canvas import canvas
from analysis.report.summary import summary_of
from analysis.statistics.intervals import MIN_REPEATS, interval_of
from tests.support.analysis import factory
from tests.support.analysis.colour import BLIND, apart, seen
from tests.support.analysis.drawing import leave_png_empty

CSS = (Path(stages.__file__).parent.parent / "templates" / "report.css").read_text(encoding="utf-8")
PALETTES = [re.findall(r"--s\d: (#[0-9a-f]{6})", line) for line in CSS.splitlines() if "--s0:" in line]
LIGHT, DARK = PALETTES[:2]


def test_the_page_and_the_files_have_the_same_colours() -> None:
    assert [tuple(palette) for palette in (LIGHT, PALETTES[2])] == [style.COLOURS] * 2  # on screen and on paper
    assert len(DARK) == len(style.COLOURS)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("how", ["grey", *BLIND])
def test_the_first_colours_and_those_of_one_line_style_differ(palette: list[str], how: str) -> None:
    count = len(palette)
    pairs = [(i, j) for i, j in itertools.combinations(range(count), 2) if j < 4 or i % 5 == j % 5]
    assert len(style.DASHES) == 5
    assert {pair: d for pair in pairs if (d := apart(palette[pair[0]], palette[pair[1]], how)) < 8} == {}


def test_the_simulation_knows_what_the_colour_blind_confuse() -> None:
    assert apart("#888888", "#888888", "deuteranopia") == 0
    assert apart("#e05050", "#7d7d20", "deuteranopia") < 20 < apart("#e05050", "#2060e0", "deuteranopia")
    assert seen("#ffffff", "deuteranopia") == pytest.approx(np.ones(3), abs=0.01)


def grey(draw: Any) -> np.ndarray:
    """A small drawing as grey values, 0 to 1."""
    with matplotlib.rc_context(style.RC):
        fig = Figure(figsize=(2, 1), facecolor="white")
        axes: Axes = fig.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        draw(axes)
        axes.set_xlim(-0.5, 3.5)
        axes.set_ylim(-0.5, 1.5)
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png", dpi=100)
    return np.asarray(Image.open(buffer).convert("L"), dtype=float) / 255


@pytest.mark.parametrize("kind", ["line", "dots"])
def test_any_two_series_differ_in_grey(kind: str) -> None:
    def draw(series: int) -> np.ndarray:
        if kind == "line":
            points: list[marks.Point] = [(x, 0.5, None, None) for x in range(4)]
            return grey(lambda axes: marks.curve(axes, points, series, "x"))
        return grey(lambda axes: marks.dots(axes, 0.5, (0.0, 1.0, 3.0), "", series))

    drawn = [draw(series) for series in range(len(style.MARKERS))]
    for (i, a), (j, b) in itertools.combinations(enumerate(drawn), 2):
        inked = (a < 0.95) | (b < 0.95)
        differ = np.abs(a - b)[inked].mean()
        assert differ > 0.03, f"series {i} and {j} look alike on a grey print: {differ:.3f}"


def test_stages_differ_from_their_neighbours_in_grey() -> None:
    used = [style.COLOURS[index] for index in stages.ORDER]
    assert min(apart(a, b, "grey") for a, b in itertools.pairwise(used)) > 8
    assert len({style.HATCHES[index] for index in range(len(used))}) == len(used)


@pytest.mark.parametrize(("leases", "interval"), [(MIN_REPEATS - 1, False), (MIN_REPEATS, True)])
def test_dots_have_their_interval_from_five_leases_on(leases: int, interval: bool) -> None:
    values = (40.0, 42.0, 44.0, 41.0, 43.0)[:leases]
    found = interval_of(values)
    assert found is not None and found.low is not None and found.high is not None
    axes = Figure().add_subplot()
    marks.dots(axes, 0, values, "median", 0, found)
    line = axes.lines[0].get_xdata()
    assert list(line) == ([found.low, found.high] if interval else [min(values), max(values)])  # type: ignore[arg-type]


def test_captions_state_n_and_what_the_lines_are(tmp_path: Path) -> None:
    for repeat in range(5):
        for scenario in ("four-small-ssd", "one-large-ssd"):
            record = factory.run_json(scenario, repeat=repeat, lease=f"{scenario[0]}{repeat:05}", run_s=40.0 + repeat)
            row = factory.measurement(7.5 + repeat, operation="write", format="tfrecord")
            factory.write(tmp_path, record, measurements=[row])
    runs = load(tmp_path, "demo")
    summary, evidence = summary_of(runs, "demo"), evidence_of(runs)
    (rate,) = throughput.draw(summary, tmp_path)
    (cost,) = time_cost.draw(summary, evidence.costs, tmp_path)
    for label in ("run time", "seconds", "cost per run", "US dollars"):
        assert re.search(rf">{label}<", cost.svg, re.IGNORECASE), label
    for figure in (rate, cost):
        assert (tmp_path / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG")
        assert marks.DOTS in figure.caption
        assert "n = 5, 5 leases" in figure.svg
    assert summary.throughput[0].interval is not None
    assert summary.throughput[0].interval.n == 5


def test_a_shape_has_one_mark_in_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The larger shape is the second by size and the first by name."""
    leave_png_empty(monkeypatch)
    factory.demo(tmp_path, repeats=1)
    runs = load(tmp_path, "demo")
    summary, evidence = summary_of(runs, "demo"), evidence_of(runs)
    named = [shape.name for shape in summary.shapes]
    for figure in (
        *frontier.draw(evidence.frontiers, named, tmp_path),
        *speedup.draw(summary, evidence.costs, tmp_path),
    ):
        for series, name in enumerate(named):
            at = (
                figure.svg.index(f"<!-- {name} (") if f"<!-- {name} (" in figure.svg else figure.svg.index(f">{name} (")
            )
            before = re.findall(r"var\(--s(\d)\)", figure.svg[:at])
            assert before[-1] == str(series), f"{figure.name}: {name}"


def test_the_title_of_a_panel_ends_before_the_next_one(tmp_path: Path) -> None:
    with canvas(tmp_path, "panels", "title", 2) as sheet:
        fig = sheet.fig
        (left, right), (below, _) = fig.subplots(2, 2)
        titles = [axes.set_title('strategy="multi_worker_mirrored"  (median run of n = 1)') for axes in (left, right)]
        titles.append(below.set_title("short"))
        sheet.save("", "")
    ends = [title.get_window_extent().x1 for title in titles]
    assert ends[0] < right.get_window_extent().x0
    assert ends[1] < fig.bbox.x1
    assert titles[2].get_fontsize() == style.RC["axes.titlesize"]
