"""``bakeoff bench E``: a whole experiment."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.base.options import DEFAULT_TARGET, Options
from infra.cli.completion import complete_experiment
from infra.cli.options import ImagesOption, IsolationOption, MaxMinutesOption, MaxUsdOption, TargetOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, open_runs, print_json, print_table, shown
from infra.inputs.experiment_file import at_full_size, find_experiment, load_experiment
from infra.measure.bench import bench
from infra.measure.rows import Row

EXAMPLE = "Example: bakeoff bench demo"


def main(
    context: typer.Context,
    experiment: Annotated[
        str,
        typer.Argument(
            help="A .toml file, or the name of one in infra/experiments/.", autocompletion=complete_experiment
        ),
    ],
    runs: RunsOption,
    images: ImagesOption = None,
    full: Annotated[bool, typer.Option("--full", help="The study's own sizes: the file's table 'full'.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the clusters up afterwards.")] = False,
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
    target: TargetOption = DEFAULT_TARGET,
    max_usd: MaxUsdOption = None,
    max_minutes: MaxMinutesOption = None,
) -> None:
    """Run every cell of an experiment that has no record yet, then tear everything down. Resumes where it was cut off."""
    folder = open_runs(context, runs).folder
    spec = load_experiment(find_experiment(experiment))
    if full:
        spec = at_full_size(spec)
    if images is not None:
        spec = spec.model_copy(update={"data": spec.data.model_copy(update={"images": images})})
    options = Options(folder, isolation, share, keep=keep, target=target, max_usd=max_usd, max_minutes=max_minutes)
    with shown() as progress:
        rows = bench(
            spec,
            options,
            progress,
        )
    print_rows(rows, json)


def print_rows(rows: list[Row], json: bool) -> None:
    """The cells as a table or as JSON; exit code 1 if one of them did not end well."""
    if json:
        print_json(rows)
    else:
        headings = ("scenario", "workload", "repeat", "status", "seconds", "record or reason")
        cells = (
            (
                row.scenario,
                row.workload,
                str(row.repeat + 1),
                row.status,
                "-" if row.run_s is None else f"{row.run_s:.2f}",
                row.reason or row.record or "-",
            )
            for row in rows
        )
        print_table("", headings, cells, left=headings)
    if any(row.status not in ("ok", "done_before") for row in rows):
        raise typer.Exit(1)
