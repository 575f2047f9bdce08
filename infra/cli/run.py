"""``bakeoff run W --on S``: one workload, or one's own PySpark script, on one cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.base.options import DEFAULT_TARGET, Options
from infra.cli.bench import print_rows
from infra.cli.completion import complete_scenario, complete_workload
from infra.cli.options import ImagesOption, IsolationOption, MaxMinutesOption, MaxUsdOption, TargetOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, open_runs, shown
from infra.inputs.experiment import DataSpec
from infra.inputs.one_off import one_off
from infra.measure.bench import bench

EXAMPLE = "Example: bakeoff run --on one-large-ssd --job my_job.py --args '--input data.csv'"


def main(
    context: typer.Context,
    runs: RunsOption,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            help="A scenario's name. A standing cluster of it is used, else one is made and torn down.",
            autocompletion=complete_scenario,
        ),
    ],
    workload: Annotated[
        str | None,
        typer.Argument(
            help="A folder of workloads/, or one that $BAKEOFF_WORKLOADS names; leave out with --job.",
            autocompletion=complete_workload,
        ),
    ] = None,
    job: Annotated[Path | None, typer.Option(help="Any PySpark script of yours.")] = None,
    args: Annotated[
        str, typer.Option(help="Arguments of the script, as in a shell. They are logged: give secrets by file.")
    ] = "",
    config: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the workload: key=value, JSON values. Repeatable.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=1000)] = 1,
    images: ImagesOption = None,
    count: Annotated[int, typer.Option(min=1, help="Images in the generated set.")] = 300,
    experiment: Annotated[str, typer.Option(help="Folder of the records under --runs.")] = "run",
    timeout: Annotated[float, typer.Option(min=1, help="Seconds after which the job is stopped.")] = 1800,
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
    target: TargetOption = DEFAULT_TARGET,
    max_usd: MaxUsdOption = None,
    max_minutes: MaxMinutesOption = None,
) -> None:
    """Run a workload, or your own PySpark script, on a cluster and measure it."""
    folder = open_runs(context, runs).folder
    data = DataSpec(images=images, count=count)
    spec = one_off(on, workload, job, args, config or [], repeats, data, experiment, timeout)
    options = Options(folder, isolation, share, one_off=True, target=target, max_usd=max_usd, max_minutes=max_minutes)
    with shown() as progress:
        rows = bench(
            spec,
            options,
            progress,
        )
    print_rows(rows, json)
