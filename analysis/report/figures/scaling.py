"""Run time against machines: training runs, Ernest's prediction, and its interval."""

from __future__ import annotations

from pathlib import Path

from analysis.report.figures import style
from analysis.report.figures.canvas import Drawn, canvas
from analysis.search.scaling.fit import Scaling


def draw(scaling: Scaling, path: Path) -> Drawn:
    """Write one figure, SVG and PNG; a line per input scale."""

    title = f"Run time against machines: the model {scaling.verdict.split(':')[0]}"
    with canvas(path.parent, path.stem, title, 3.4) as sheet:
        axes = sheet.fig.subplots()
        scales = sorted({p.scale for p in scaling.predictions} | set(scaling.training["scale"]))
        for series, scale in enumerate(scales):
            colour, marker, _ = style.look(series)
            points = sorted((p for p in scaling.predictions if p.scale == scale), key=lambda p: p.machines)
            ran = scaling.training[scaling.training["scale"] == scale]
            if len(ran):
                label = f"run, scale {scale:g}"
                axes.plot(ran["machines"], ran["runtime_s"], marker, color=colour, linestyle="none", label=label)
            if points:
                x = [p.machines for p in points]
                axes.plot(x, [p.runtime_s for p in points], color=colour, label=f"predicted, scale {scale:g}")
                axes.fill_between(x, [p.low_s for p in points], [p.high_s for p in points], color=colour, alpha=0.15)
        axes.set_xlabel("machines")
        axes.set_ylabel("run time, s")
        axes.set_ylim(bottom=0)
        axes.legend()
        caption = (
            "Marks are training runs, lines the prediction by non-negative least squares on 1, scale / machines, log machines "
            f"and machines (Ernest, NSDI 2016), bands its 90 % interval. The model {scaling.verdict}."
        )
        alt = "Run time against machines. " + "; ".join(
            f"{p.machines:g} machines, scale {p.scale:g}: {p.runtime_s:.0f} s" for p in scaling.predictions
        )
        return sheet.save(caption, alt)
