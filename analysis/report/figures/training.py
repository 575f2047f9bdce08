"""Accuracy and loss per epoch, one figure per strategy: the study's figures 7 to 9."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator

from analysis.measures import training
from analysis.measures.formats import percent, plural
from analysis.records.runs import Runs
from analysis.report.figures import marks
from analysis.report.figures.canvas import Drawn, canvas
from analysis.statistics.intervals import interval_of

QUANTITIES = (("accuracy", "accuracy, % of images", 100.0), ("loss", "loss, mean cross-entropy", 1.0))
SPLITS = ("train", "validation")


def draw(runs: Runs, folder: Path) -> list[Drawn]:
    """A row of panels for accuracy and one for loss, a column per split, a line per batch size and other setting."""
    frame = training.epochs(runs)
    return [_draw(str(key[0]), str(key[1]), rows, folder)
            for key, rows in frame.groupby(["strategy", "scenario"], sort=True)]  # fmt: skip


def _draw(strategy: str, scenario: str, rows: pd.DataFrame, folder: Path) -> Drawn:

    several = rows["setting"].nunique() > 1
    lines = [
        (
            f"batch {'?' if key[0] is pd.NA or key[0] != key[0] else key[0]}"
            + (f", {key[1]}" if several and key[1] else ""),
            of,
        )
        for key, of in rows.groupby(["batch_size", "setting"], sort=True, dropna=False)
    ]
    title = f"{strategy} on {scenario}: {_title(lines)}"
    said = []
    file = "training-" + re.sub(r"[^a-z0-9]+", "-", f"{strategy} {scenario}".lower())
    with canvas(folder, file, title, 4.6) as sheet:
        grid = sheet.fig.subplots(2, 2, sharex=True, sharey="row", squeeze=False)
        for panels, (quantity, label, per) in zip(grid, QUANTITIES, strict=True):
            for axes, split in zip(panels, SPLITS, strict=True):
                for series, (name, of) in enumerate(lines):
                    points = _epochs(of[of["split"] == split], quantity, per)
                    marks.curve(axes, points, series, f"{name} (n = {of['run'].nunique()})")
                    if points:
                        said.append(f"{name}, {split} {quantity}: {points[-1][1]:.3g} after epoch {points[-1][0]:g}")
                axes.set_title("training" if split == "train" else "validation")
                axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            panels[0].set_ylabel(label)
            panels[0].set_ylim(0, 1.06 * panels[0].get_ylim()[1])  # room for the highest mark
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
        marks.legend(sheet.fig, grid[0][0])
        leases = int(rows["lease"].nunique())
        caption = (
            f"Medians over {plural(leases, 'lease')}, bars: 95 % intervals over leases; n is the number of trainings."
            if leases > 1
            else "One lease: no interval can be given. n is the number of trainings."
        )
        alt = f"Lines over epochs. {'; '.join(said)}."
        return sheet.save(caption, alt, runs=tuple(map(str, rows["run"].unique())))


def _epochs(rows: pd.DataFrame, quantity: str, per: float) -> list[marks.Point]:
    points = []
    for epoch, of_epoch in rows.groupby("epoch", sort=True):
        found = interval_of((of_epoch.groupby("lease")[quantity].mean() * per).astype("float64").tolist())
        if found is not None:
            points.append((float(str(epoch)), found.median, found.low, found.high))
    return points


def _title(lines: list[tuple[str, pd.DataFrame]]) -> str:
    parts = []
    for name, of in lines:
        of = of[(of["split"] == "validation") & of["accuracy"].notna()]
        if len(of):
            last = of[of["epoch"] == of["epoch"].max()]
            parts.append(f"{percent(float(last['accuracy'].median()))} at {name}")
    return f"validation accuracy at the end {', '.join(parts)}" if parts else "accuracy and loss per epoch"
