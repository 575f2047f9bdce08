"""Throughput against each parameter, per format: the study's figure 1, with intervals."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from analysis.measures.formats import number, plural
from analysis.measures.grid import PARAMETERS, observations
from analysis.records.groups import groups
from analysis.records.runs import Runs
from analysis.report.figures import marks
from analysis.report.figures.canvas import Drawn, canvas
from analysis.statistics.intervals import interval_of

BLOCK = ["scenario", "workload", "variant", "operation", "source", "cache"]
MOST = 8  # figures; the report says how many are left out
AXIS = {"batch_size": "batch size,\nimages", "batch_count": "number of\nbatches", "repetitions": "repetition",
        "data_size": "data size,\nimages"}  # fmt: skip


def blocks(runs: Runs) -> list[tuple[str, pd.DataFrame]]:
    """Measurements of which a parameter varies, by all but their format; each with its name in words."""
    found = []
    for (scenario, workload, variant, operation, source, cache), rows in groups(observations(runs), BLOCK):
        if any(rows[p.name].nunique() > 1 for p in PARAMETERS):
            state = cache if cache in ("cold", "warm") else ""
            words = (f"{workload} on {scenario}", variant, operation, source, state)
            found.append((", ".join(word for word in words if word), rows))
    return found


def draw(runs: Runs, folder: Path) -> list[Drawn]:
    """One figure per scenario, workload, variant and source: a panel per parameter that varies, a line per format."""
    return [_draw(name, rows, folder, f"parameters-{i}") for i, (name, rows) in enumerate(blocks(runs)[:MOST], 1)]


def _draw(where: str, rows: pd.DataFrame, folder: Path, name: str) -> Drawn:

    varied = [p.name for p in PARAMETERS if rows[p.name].nunique() > 1]
    formats = sorted(rows["format"].unique())
    title = f"{where}: {_title(rows, formats)}"
    said = []
    with canvas(folder, name, title, 2.9) as sheet:
        grid = sheet.fig.subplots(1, len(varied), sharey=True, squeeze=False)
        for axes, parameter in zip(grid[0], varied, strict=True):
            for series, kind in enumerate(formats):
                points = _levels(rows[rows["format"] == kind], parameter)
                marks.curve(axes, points, series, kind or "any format")
                said.append(
                    f"{kind} by {parameter.replace('_', ' ')}: "
                    + ", ".join(f"{x:g}: {number(y)}" for x, y, _, _ in points)
                )
            axes.set_xlabel(AXIS[parameter])
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        _rates(grid[0][0], rows["images_per_s"])
        marks.legend(sheet.fig, grid[0][0])
        leases = int(rows["lease"].nunique())
        caption = (
            f"Means at each value of a parameter over all values of the others, n = {len(rows)} measurements on "
            f"{plural(leases, 'lease')}. "
            + ("Bars: 95 % intervals over leases." if leases > 1 else "One lease: no interval can be given.")
        )
        alt = f"Lines of images per second: {where}. {'; '.join(said)}."
        return sheet.save(caption, alt, runs=tuple(map(str, rows["run"].unique())))


def _levels(rows: pd.DataFrame, parameter: str) -> list[marks.Point]:
    points = []
    for value, of_value in rows.groupby(parameter, sort=True):
        found = interval_of(of_value.groupby("lease")["images_per_s"].mean().tolist())
        if found is not None:
            points.append((float(str(value)), found.median, found.low, found.high))
    return points


def _rates(axes: Axes, rates: pd.Series) -> None:
    """The shared axis of throughput: logarithmic, and said so, where formats are far apart."""

    if rates.max() > 20 * rates.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))  # else one decade has one label, or none
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel("images/s, logarithmic axis")
    else:
        axes.set_ylim(0, float(rates.max()) * 1.1)
        axes.set_ylabel("images/s")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.6g}"))


def _title(rows: pd.DataFrame, formats: list[str]) -> str:
    means = rows.groupby("format")["images_per_s"].mean()
    if {"image", "tfrecord"} <= set(formats):
        return f"TFRecord files at {number(means['tfrecord'] / means['image'])} times the mean rate of image files"
    return "throughput by each parameter"
