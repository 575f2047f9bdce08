"""``bakeoff compare A B``: is B faster or slower than A, and can the records tell?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.base.errors import UsageError
from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, print_table, say, shown

if TYPE_CHECKING:
    from analysis.compare.sides import Compared

EXAMPLE = "Example: bakeoff compare four-small-ssd one-large-ssd --experiment demo"


def main(
    context: typer.Context,
    a: Annotated[
        str,
        typer.Argument(
            help="The baseline: a scenario, settings as a report names them, an experiment, or a folder of records."
        ),
    ],
    b: Annotated[str, typer.Argument(help="What is compared with it, of the same kind.")],
    runs: RunsOption,
    experiment: Annotated[
        str | None, typer.Option(help="Whose scenarios or settings A and B are. Default: the newest experiment.")
    ] = None,
    metric: Annotated[str, typer.Option(help="run_s, images_per_s, cost_usd, cost_per_1000_usd, ...")] = "run_s",
    min_effect: Annotated[
        float, typer.Option(min=0.001, max=10, help="Smallest relative difference that must not be missed.")
    ] = 0.10,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 also where the records cannot say.")] = False,
    json: JsonOption = False,
) -> None:
    """Say whether B is faster or slower than A. Exit code 0: no difference found, or B is better; 1: B is worse."""
    from analysis.compare.sides import compare_named
    from analysis.errors import AnalysisError
    from analysis.plain import plain

    folder = open_runs(context, runs).folder

    try:
        with shown() as progress:
            progress.stage(f"comparing {a} and {b}")
            compared = compare_named(folder, a, b, metric=metric, experiment=experiment, min_effect=min_effect)
    except AnalysisError as error:
        raise UsageError(str(error)) from error
    if json:
        print_json(plain(compared) | {"worse": compared.worse, "undecided": compared.undecided})
    else:
        _print(compared)
    if compared.worse or (strict and compared.undecided):
        raise typer.Exit(1)


def _print(compared: Compared) -> None:
    from analysis.compare.comparison import describe

    headings = ("workload", "verdict", "medians (95 %)", "why")
    names = (
        ", ".join(part for part in (one.workload, one.variant, one.kind, one.where) if part)
        for one in compared.comparisons
    )
    rows = ((name, one.word, describe(one), one.text) for name, one in zip(names, compared.comparisons, strict=True))
    print_table(f"{compared.b} against {compared.a}, {compared.of}", headings, rows, left=headings)
    for damaged in compared.damaged:
        say(f"left out, damaged: {damaged.run}: {damaged.reason}")
