"""``bakeoff apply S``: bring a cluster up and leave it standing."""

from __future__ import annotations

from typing import Annotated

import typer

from infra import apply as library
from infra.cli.options import IsolationOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, print_json, say, shown
from infra.options import Options

EXAMPLE = "Example: bakeoff apply four-small-ssd"


def main(
    scenario: Annotated[str, typer.Argument(help="A scenario's name; see 'bakeoff scenarios'.")],
    runs: RunsOption,
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
) -> None:
    """Bring a cluster up and leave it standing. On a standing one: replace dead daemons, take over a changed scenario."""
    with shown() as progress:
        lease = library.apply(scenario, Options(runs, isolation, share), progress)
    if json:
        print_json(
            {"lease": lease.id, "apply_s": lease.state.apply_s, "expires_at": lease.state.expires_at, **lease.cluster()}
        )
        return
    say(f"{scenario} is up as lease {lease.id} ({lease.state.apply_s:.1f} s), until {lease.state.expires_at[:16]} UTC.")
    say(f"Run on it: bakeoff run write_tfrecords --on {scenario}.  Tear down: bakeoff destroy {scenario}")
