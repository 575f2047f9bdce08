"""``bakeoff scale``: predict larger inputs and more machines from small runs (Ernest)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.base.errors import UsageError
from infra.cli.output import JsonOption, check_plot, print_json, print_notes, print_table, say

if TYPE_CHECKING:
    from analysis.search.scaling.fit import Scaling

EXAMPLE = "Example: bakeoff scale --data small_runs.csv --machines 2,4,8,16 --scales 1,10 --plot scaling.svg"


def main(
    machines: Annotated[str, typer.Option(help="Numbers of machines, separated by commas.")],
    scales: Annotated[str, typer.Option(help="Input scales, separated by commas, in the unit of the runs.")] = "1",
    data: Annotated[
        Path | None, typer.Option(help="Runs: .csv with machines, scale, runtime_s. Without: choose the runs to make.")
    ] = None,
    workload: Annotated[
        str | None, typer.Option(help="Whose runs of --data, by its column workload or job. Default: all, if of one.")
    ] = None,
    budget: Annotated[
        float, typer.Option(help="Of the chosen runs: sum of (scale / smallest scale) / machines over them.")
    ] = 2.0,
    usd_per_machine_hour: Annotated[float | None, typer.Option(help="Price, to print costs, too.")] = None,
    json: JsonOption = False,
    plot: Annotated[Path | None, typer.Option(help="Draw run time against machines: FILE.svg and FILE.png.")] = None,
) -> None:
    """Choose small training runs by experiment design, or predict large runs from them, with an interval and a check."""
    from analysis.errors import SearchError
    from analysis.search.scaling import fit as scaling
    from analysis.search.scaling.small_runs import load_points

    for option, given in (("--workload", workload), ("--plot", plot)):
        if data is None and given is not None:
            raise UsageError(f"{option} is for predictions from runs; received {given} without --data. Leave it out.")
    try:
        counts, sizes = _numbers("machines", machines), _numbers("scales", scales)
        if data is None:
            _print_design(scaling.design_runs(counts, sizes, budget), json)
            return
        training, notes = load_points(data, workload)
        if plot is not None:
            check_plot(plot)
        found = scaling.scale_up(training, counts, sizes, usd_per_machine_hour)
    except SearchError as error:
        raise UsageError(str(error)) from error
    if plot is not None:
        from analysis.report.figures import scaling as figure

        figure.draw(found, plot)
    _print(found, notes, json)
    if plot is not None and not json:
        say(f"Figure: {plot.with_suffix('.svg')} and {plot.with_suffix('.png')}")


def _numbers(option: str, text: str) -> list[float]:
    try:
        numbers = [float(word) for word in text.split(",") if word.strip()]
    except ValueError:
        numbers = []
    if not numbers:
        raise UsageError(f"--{option} takes numbers separated by commas; received '{text}'.")
    return numbers


def _print_design(points: list[tuple[float, float, float]], json: bool) -> None:
    if json:
        print_json({"design": [{"machines": m, "scale": s, "share": round(share, 3)} for m, s, share in points]})
        return
    rows = ((f"{m:g}", f"{s:g}", f"{share:.2f}") for m, s, share in points)
    print_table("Runs to make (A-optimal design, shares above 0.3)", ("machines", "scale", "share"), rows)
    say("Make these runs, write machines, scale and runtime_s of each as a line of a .csv, and give it with --data.")


def _print(found: Scaling, notes: list[str], json: bool) -> None:
    model = found.model
    if json:
        terms = dict(
            zip(("fixed", "scale_per_machine", "log_machines", "machines"), model.weights.tolist(), strict=True)
        )
        print_json(
            {
                "terms": terms,
                "noise_ratio": model.noise,
                "left_out_error": None if model.error != model.error else model.error,
                "fits": model.fits,
                "verdict": found.verdict,
                "predictions": [asdict(p) for p in found.predictions],
                "notes": notes,
            }
        )
        return
    rows = (
        (
            f"{p.machines:g}",
            f"{p.scale:g}",
            f"{p.runtime_s:.1f}",
            f"{p.low_s:.1f} to {p.high_s:.1f}",
            "-" if p.cost_usd is None else f"{p.cost_usd:.4f}",
            "-" if p.cost_usd is None else f"{p.cost_low_usd:.4f} to {p.cost_high_usd:.4f}",
        )
        for p in found.predictions
    )
    headings = ("machines", "scale", "seconds", "interval", "USD", "interval")
    print_table("Predicted runs, with the 90 % interval of a new run", headings, rows)
    say(f"The model {found.verdict}.")
    print_notes(notes)
