"""``bakeoff plan S``: what apply would do."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.base.options import DEFAULT_TARGET, Options
from infra.cli.completion import complete_scenario
from infra.cli.options import TargetOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, open_runs, print_json, say, shown
from infra.clusters.plan import plan
from infra.inputs.scenario import load_scenario
from infra.targets.registry import open_target

EXAMPLE = "Example: bakeoff plan four-small-ssd"


def main(
    context: typer.Context,
    scenario: Annotated[
        str, typer.Argument(help="A scenario's name; see 'bakeoff scenarios'.", autocompletion=complete_scenario)
    ],
    runs: RunsOption,
    json: JsonOption = False,
    share: ShareOption = None,
    target: TargetOption = DEFAULT_TARGET,
) -> None:
    """Show what apply would create, change and destroy, and the price per hour. Changes nothing."""
    folder = open_runs(context, runs).folder
    shape = load_scenario(scenario)
    with shown() as progress:
        changes = plan(shape, Options(folder, local_cores_per_vcpu=share, target=target), progress)
    price = open_target(target).pricing.per_hour(shape)
    if json:
        print_json(
            {"scenario": scenario, "usd_per_hour": price.list_usd, "changes": [change._asdict() for change in changes]}
        )
        return
    for change in changes:
        say(f"{change.action:>8}  {change.address}")
    say(f"{len(changes)} changes; {price.list_usd:.3f} USD per hour on Google Cloud (list price, {price.region}).")
