"""``bakeoff clean``: what killed clients left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.base.options import DEFAULT_TARGET, target_option
from infra.base.signals import ignored
from infra.cli.options import TargetOption
from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, say, shown
from infra.clusters.clean import clean

EXAMPLE = "Example: bakeoff clean --yes"


def main(
    context: typer.Context,
    runs: RunsOption,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this, only list it.")] = False,
    lease: Annotated[
        str | None, typer.Option(help="Only this lease, also if it is standing or of another checkout.")
    ] = None,
    json: JsonOption = False,
    target: TargetOption = DEFAULT_TARGET,
) -> None:
    """Find clusters, processes and files that a killed bakeoff left, and with --yes remove them. Standing clusters stay."""
    folder = open_runs(context, runs).folder
    with shown() as progress, ignored():
        result = clean(folder, yes=yes, lease_id=lease, progress=progress, name=target)
    if json:
        print_json(result)
    else:
        for line in result.found:
            verb = "left" if line in result.left else "removed" if yes else "would remove"
            say(f"{verb}: {line}")
        for line in result.foreign:
            say(f"not touched: {line}")
        if not result.found:
            say("Nothing is left behind.")
        elif not yes:
            say(f"{len(result.found)} things left behind; 'bakeoff clean{target_option(target)} --yes' removes them.")
    if result.left:
        raise typer.Exit(3)
