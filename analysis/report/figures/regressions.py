"""Straight lines of throughput on each parameter, per format and variant: the study's figures 2, 4 and 5, with bands."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.measures.formats import plural
from analysis.measures.grid import SERIES
from analysis.records.runs import Runs
from analysis.report.figures import style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.figures.parameters import AXIS, MOST, blocks
from analysis.study.regression import ParameterFit, Regression

MOST_POINTS = 400  # per panel; a fixed choice of them, said in the caption


def draw(runs: Runs, found: list[Regression], folder: Path) -> list[Drawn]:
    """One figure per scenario, workload, variant and source: a row per format, a panel per parameter that varies."""
    of = {tuple(getattr(one, name) for name in SERIES): one for one in found}
    drawn = []
    for index, (where, rows) in enumerate(blocks(runs)[:MOST], 1):
        fitted = [
            (of_format, of[key])
            for _, of_format in rows.groupby("format", sort=True)
            if (key := tuple(str(of_format[name].iloc[0]) for name in SERIES)) in of
        ]
        if fitted:
            drawn.append(_draw(where, fitted, folder, f"regressions-{index}"))
    return drawn


def _draw(where: str, fitted: list[tuple[pd.DataFrame, Regression]], folder: Path, name: str) -> Drawn:

    varied = [p for p in AXIS if any(one.parameter(p) for _, one in fitted)]
    title = f"{where}: {_title([one for _, one in fitted])}"
    said = []
    with canvas(folder, name, title, 2.15 * len(fitted) + 0.5) as sheet:
        grid = sheet.fig.subplots(len(fitted), len(varied), sharex="col", sharey="row", squeeze=False)
        for series, (row, (rows, one)) in enumerate(zip(grid, fitted, strict=True)):
            for axes, parameter in zip(row, varied, strict=True):
                if (fit := one.parameter(parameter)) is None:
                    axes.set_visible(False)
                    continue
                _panel(axes, rows, fit, series)
                axes.set_title(_r(fit), fontsize=8.5, fontweight="normal")
                said.append(f"{one.format} by {parameter.replace('_', ' ')}: {_r(fit)}")
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            row[0].set_ylabel(f"{one.format or 'any'} files,\nimages/s")
            row[0].set_ylim(0, float(rows["images_per_s"].max()) * 1.08)
        for axes, parameter in zip(grid[-1], varied, strict=True):
            axes.set_xlabel(AXIS[parameter])
        count = sum(len(rows) for rows, _ in fitted)
        first = fitted[0][1]
        caption = (
            f"n = {count} measurements on {plural(first.leases, 'lease')}; R and the band with their 95 % intervals "
            f"({first.parameters[0].slope.method}). " + " ".join(dict.fromkeys(o.collinearity for _, o in fitted))
        )
        if any(len(rows) > MOST_POINTS for rows, _ in fitted):
            caption += f" {MOST_POINTS} marks of a panel are drawn; the line is of all."
        alt = f"Scatter plots with straight lines: {where}. {'; '.join(said)}."
        names = tuple(dict.fromkeys(str(run) for rows, _ in fitted for run in rows["run"]))
        return sheet.save(caption.strip(), alt, runs=names)


def _panel(axes: Axes, rows: pd.DataFrame, fit: ParameterFit, series: int) -> None:
    shown = rows
    if len(rows) > MOST_POINTS:
        order = [hashlib.blake2b(str(i).encode()).digest() for i in range(len(rows))]
        shown = rows.iloc[sorted(np.argsort(order)[:MOST_POINTS])]
    x = shown[fit.parameter].to_numpy(float)
    colour, marker, _ = style.look(series)
    axes.plot(x, shown["images_per_s"], marker, markersize=3, alpha=0.55, markerfacecolor="none",
              markeredgecolor=colour, markeredgewidth=0.8)  # fmt: skip
    ends = np.array([rows[fit.parameter].min(), rows[fit.parameter].max()])
    middle = float(rows[fit.parameter].mean())
    centre = fit.pooled_intercept + fit.slope.value * middle
    axes.plot(ends, fit.pooled_intercept + fit.slope.value * ends, color=style.INK, linewidth=1.6)
    if fit.slope.low is not None and fit.slope.high is not None:
        at = np.linspace(ends[0], ends[1], 41)
        edges = [centre + slope * (at - middle) for slope in (fit.slope.low, fit.slope.high)]
        axes.fill_between(at, np.minimum(*edges), np.maximum(*edges), color=style.MUTED, alpha=0.22, linewidth=0)


def _r(fit: ParameterFit) -> str:
    if fit.r is None:
        return "R cannot be had"
    between = "" if fit.r.low is None or fit.r.high is None else f"\n({fit.r.low:.2f} to {fit.r.high:.2f})"
    return f"R = {fit.r.value:.2f}{between}"


def _title(found: list[Regression]) -> str:
    parts = []
    for one in found:
        clear = [p for p in one.parameters if p.slope.low is not None and p.slope.high is not None
                 and (p.slope.low > 0 or p.slope.high < 0)]  # fmt: skip
        rising = sum(p.slope.value > 0 for p in clear)
        said = f"{rising} clearly rising, {len(clear) - rising} falling" if clear else "none clear"
        parts.append(f"of {len(one.parameters)} {one.format or ''} slopes {said}".replace("  ", " "))
    return "; ".join(parts)
