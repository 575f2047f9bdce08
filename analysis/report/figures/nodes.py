"""CPU, packets and disk operations of every node over time, same axes: the study's figures 3 and 6.

A panel per scenario where several ran a workload, and a panel per variant where a scenario ran several.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.measures import metrics
from analysis.measures.formats import number, percent
from analysis.records.runs import Runs
from analysis.report.figures import style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.report.figures.panel_groups import PanelGroup, panel_groups
from analysis.report.summary import Result, Summary
from workloads.record import RunRecord

CLIP_FROM_PERCENT, CLIP_TO_PERCENT = 150.0, 120.0  # a CPU peak above the first ends the axis at the second


class Quantity(NamedTuple):
    """One figure per quantity: its column, its name, its words in the title, its axis, and what to multiply by."""

    column: str
    name: str
    words: str
    axis: str
    per: float


QUANTITIES = (
    Quantity("cpu_ratio", "cpu", "CPU", "% of the node's limit", 100.0),
    Quantity("packets_s", "packets", "packets/s", "packets/s, in and out", 1.0),
    Quantity("disk_ops_s", "disk", "disk operations/s", "disk operations/s", 1.0),
)
CORES = Quantity("cpu_cores", "cpu", "host cores in use", "host cores in use", 1.0)
WHOLE = "cluster"  # the line of all nodes together
READS = Quantity("disk_read_ops_s", "disk", "disk reads/s", "disk reads/s\n(writes not counted)", 1.0)


def draw(summary: Summary, runs: Runs, folder: Path) -> list[Drawn]:
    """For every group: one figure per quantity that any of the shown runs has."""
    samples = metrics.samples(runs)
    drawn: list[Drawn] = []
    for group in panel_groups(summary):
        shown = samples[samples["run"].isin([r.representative_run for r in group.results])]
        for quantity in QUANTITIES:
            if quantity.column == "cpu_ratio" and _lacks(shown, group.results):
                quantity = CORES
            if quantity.column == "disk_ops_s" and _lacks_writes(shown):
                quantity = READS
            if shown[quantity.column].notna().any():
                drawn.append(_draw(quantity, group, shown, runs, folder, f"nodes-{group.slug}-{quantity.name}"))
    return drawn


def _lacks(shown: pd.DataFrame, results: list[Result]) -> bool:
    """Whether one of the runs has samples but no ratio: then all panels show host cores, as axes are shared."""
    known = shown.groupby("run")["cpu_ratio"].count()
    return any(known.get(r.representative_run, 1) == 0 for r in results)


def _lacks_writes(shown: pd.DataFrame) -> bool:
    """Whether a run has disk reads and not one count of writes: then all panels show reads, as axes are shared."""
    known = shown.groupby("run")[["disk_read_ops_s", "disk_write_ops_s"]].count()
    return bool(((known["disk_read_ops_s"] > 0) & (known["disk_write_ops_s"] == 0)).any())


def _draw(q: Quantity, group: PanelGroup, shown: pd.DataFrame, runs: Runs, folder: Path, name: str) -> Drawn:

    results = group.results
    columns = 1 if len(results) == 1 else 2
    rows = math.ceil(len(results) / columns)
    title = f"{group.where}, {_title(q, group, shown)}"
    top = _top(q, shown)
    with canvas(folder, name, title, 2.35 * rows + 0.25) as sheet:
        grid = sheet.fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        panels = list(grid.flat)
        for axes, result in zip(panels, results, strict=False):
            run = str(result.representative_run)
            _panel(axes, q, shown[shown["run"] == run], runs, run, top)
            axes.set_title(f"{group.label(result)}  (median run of n = {result.n})", pad=20)
        for axes in panels[len(results) :]:
            axes.set_visible(False)
        for axes in panels[: len(results)]:
            axes.set_xlim(left=0)
            axes.set_ylim(0, top)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
            if axes in grid[:, 0]:
                axes.set_ylabel(q.axis)
            if axes in panels[len(results) - columns : len(results)]:
                axes.set_xlabel("seconds since submission")
                axes.tick_params(labelbottom=True)
        handles = {
            h.get_label(): h for axes in panels for h in axes.get_lines() if not str(h.get_label()).startswith("_")
        }
        columns = 9 if len(handles) <= 9 else 5
        sheet.fig.legend(handles=[handles[k] for k in sorted(handles, key=_order)], loc="outside lower left", ncols=columns,
                   handlelength=2.6, columnspacing=1.3)  # fmt: skip
        alt = f"Lines over time, one panel per {group.by}: {' '.join(q.axis.split())}, of each node. {title}."
        drawn = tuple(str(r.representative_run) for r in results)
        return sheet.save(_caption(q, shown, top), alt, runs=drawn)


def _top(q: Quantity, shown: pd.DataFrame) -> float | None:
    """End of the value axis; None leaves it to the data."""
    peak = float(shown[q.column].max()) * q.per
    if q.column == "cpu_ratio":
        return CLIP_TO_PERCENT if peak > CLIP_FROM_PERCENT else max(100.0, peak) * 1.05
    return 1.0 if peak == 0 else peak * 1.05


def _caption(q: Quantity, shown: pd.DataFrame, top: float | None) -> str:
    """What is particular to this figure. The page says above all of them what holds for each."""
    peak = float(shown[q.column].max()) * q.per
    if q is CORES:
        return "One of these runs had no CPU limit, so the axis is not a share of it."
    if q is READS:
        return (
            "Reads only: writes could not be counted, so they are not drawn, and are not zero. What is missing is "
            "listed under Results."
        )
    if q.column == "cpu_ratio" and peak > CLIP_FROM_PERCENT:  # less is the slack of one scheduler period
        cut = f" The axis ends at {top:.0f} %; the arrow gives the peak." if top is not None and peak > top else ""
        return (
            "Above 100 % before the first task: a Spark driver starts without its node's CPU limit, which comes into "
            f"force when the application has registered.{cut}"
        )
    return ""


def _order(label: object) -> tuple[int, str]:
    text = str(label)
    return (len(text), text)


def _panel(axes: Axes, q: Quantity, rows: pd.DataFrame, runs: Runs, run: str, top: float | None) -> None:
    window = metrics.window(runs.records[run])
    if window is None:
        return
    submit, begin, end = 0.0, window[1] - window[0], window[2] - window[0]
    axes.axvspan(submit, begin, color=style.SHADE, linewidth=0, zorder=0)
    axes.axvline(end, color=style.MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1)
    longest = max(float(rows["t_s"].max()), end) if len(rows) else end
    for text, side, shift in (("submit", "right", -3), ("run", "left", 3)):  # both meet at the begin of the run
        if text == "submit" and begin < 0.2 * longest:
            continue  # no room above the shade: it would name the axis
        axes.annotate(text, (begin, 1), xycoords=("data", "axes fraction"), xytext=(shift, 3), ha=side, va="bottom",
                      textcoords="offset points", fontsize=8, color=style.MUTED, annotation_clip=False)  # fmt: skip
    if rows[q.column].notna().sum() == 0:
        axes.text(0.5, 0.5, "no samples", transform=axes.transAxes, ha="center", color=style.MUTED)
        return
    for position, (node, of_node) in enumerate(sorted(rows.groupby("node"), key=lambda item: _order(item[0]))):
        times, values = with_gaps(of_node["t_s"].to_numpy(), of_node[q.column].to_numpy() * q.per)
        colour, marker, dash = style.look(position)
        axes.plot(
            times, values, label=str(node), color=colour, linewidth=1.5, linestyle=dash, marker=marker,
            markersize=4, markevery=(3 * position % 10, 10), markeredgecolor=style.PAPER, markeredgewidth=0.5,
        )  # fmt: skip
    if q.column == "cpu_ratio" and rows["node"].nunique() > 1:
        whole = _whole(rows, runs.records[run])
        axes.plot(*with_gaps(whole.index.to_numpy(float), whole.to_numpy(float) * q.per), color=style.INK, linewidth=2.4,
                  label=WHOLE)  # fmt: skip
    highest = rows.sort_values(q.column, kind="stable", na_position="first").iloc[[-1]]
    value, node = float(highest[q.column].iloc[0]) * q.per, highest["node"].iloc[0]
    if top is not None and value > top:
        room = begin >= 0.45 * longest  # beside "submit", above the shade; else within the panel, behind the shade
        axes.annotate(f"↑ {node} {value:.0f} %", (0.0 if room else begin, 1), xytext=(0, 3) if room else (4, -3),
                      xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=8, color=style.INK,
                      ha="left", va="bottom" if room else "top")  # fmt: skip


def _whole(rows: pd.DataFrame, record: RunRecord) -> pd.Series:
    """CPU of the whole cluster of its limit, by seconds since submission, where every node was sampled."""
    limits = {node.node: node.actual_cores for node in record.nodes}
    seconds = rows.assign(limit=rows["node"].map(limits).astype("float64"), second=rows["t_s"].round()).groupby(
        "second"
    )
    of = seconds.agg(
        cores=("cpu_cores", "sum"), limit=("limit", "sum"), nodes=("node", "nunique"), known=("cpu_cores", "count")
    )
    return (of["cores"] / of["limit"])[(of["nodes"] == len(limits)) & (of["known"] >= len(limits)) & (of["limit"] > 0)]


def with_gaps(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times in order, with a NaN wherever more than two samples' time passed, so that no line crosses a gap."""
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    breaks = np.flatnonzero(np.diff(times) > 2.5 / metrics.NODE_HZ) + 1
    return np.insert(times, breaks, times[breaks] - 1e-3), np.insert(values, breaks, np.nan)


def _title(q: Quantity, group: PanelGroup, shown: pd.DataFrame) -> str:
    """The lowest and the highest mean of a node of each panel during the run: what to find in the picture."""
    inside = shown[shown["in_run"]]
    form = percent if q.column == "cpu_ratio" else number
    parts = []
    for result in group.results:
        name = group.label(result)
        nodes = inside[inside["run"] == result.representative_run].groupby("node")[q.column].mean().dropna()
        if nodes.empty:
            parts.append(f"{name} no samples")
            continue
        low, high = form(float(nodes.min())), form(float(nodes.max()))
        idle = int((nodes < metrics.IDLE_RATIO).sum()) if q.column == "cpu_ratio" else 0
        busy = nodes[nodes >= metrics.IDLE_RATIO]
        if idle and len(busy) == 1:
            parts.append(f"{name} {high} on {busy.index[0]}, {idle} of {len(nodes)} nodes idle")
        else:
            parts.append(f"{name} {low if low == high else f'{low} to {high}'}")
    return f"mean {q.words} of a node: {'; '.join(parts)}"
