"""``bakeoff destroy S`` and ``bakeoff destroy --all``."""

from __future__ import annotations

from typing import Annotated

import typer

from infra import lease as leases
from infra import teardown
from infra.cli.output import JsonOption, RunsOption, print_json, shown, stdout
from infra.errors import UsageError
from infra.signals import ignored

EXAMPLE = "Example: bakeoff destroy four-small-ssd"


def main(
    runs: RunsOption,
    scenario: Annotated[str | None, typer.Argument(help="A scenario's name or a lease id.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every lease of this runs folder.")] = False,
    json: JsonOption = False,
) -> None:
    """Tear clusters down and prove that nothing of them is left."""
    if (scenario is None) == (not everything):
        raise UsageError("Give either a scenario's name (or lease id) or --all, not both and not neither.")
    chosen = leases.all_leases(runs) if scenario is None else leases.require(runs, scenario)
    with shown() as progress, ignored():
        proofs = [teardown.tear_down(lease, runs, progress) for lease in chosen]
    if json:
        print_json(proofs)
        return
    for proof in proofs:
        stdout.print(
            f"{proof.lease}: {len(proof.removed)} things removed in {proof.destroy_s:.1f} s, nothing left.",
            highlight=False,
        )
    if not proofs:
        stdout.print("Nothing is up.")
