"""``bakeoff destroy S`` and ``bakeoff destroy --all``."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.base.errors import UsageError
from infra.base.signals import ignored
from infra.cli.completion import complete_scenario
from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, say, shown
from infra.clusters import teardown
from infra.leases import lease as leases

EXAMPLE = "Example: bakeoff destroy four-small-ssd"


def main(
    context: typer.Context,
    runs: RunsOption,
    scenario: Annotated[
        str | None, typer.Argument(help="A scenario's name or a lease id.", autocompletion=complete_scenario)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every lease of this runs folder.")] = False,
    json: JsonOption = False,
) -> None:
    """Tear clusters down and prove that nothing of them is left."""
    folder = open_runs(context, runs).folder
    if (scenario is None) == (not everything):
        raise UsageError("Give either a scenario's name (or lease id) or --all, not both and not neither.")
    with shown() as progress, ignored():
        if scenario is None:
            proofs = teardown.tear_down_all(folder, progress)
        else:
            proofs = teardown.tear_down_each(leases.require(folder, scenario), folder, progress)
    if json:
        print_json(proofs)
        return
    for proof in proofs:
        say(f"{proof.lease}: {len(proof.removed)} things removed in {proof.destroy_s:.1f} s, nothing left.")
    if not proofs:
        say("Nothing is up.")
