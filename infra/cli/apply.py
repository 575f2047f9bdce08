"""``bakeoff apply S``: bring a cluster up and leave it standing."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.base.options import Options
from infra.cli.completion import complete_scenario
from infra.cli.options import IsolationOption, MaxMinutesOption, MaxUsdOption, TargetOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, print_json, say, shown
from infra.clusters import apply as library

EXAMPLE = "Example: bakeoff apply four-small-ssd"


def main(
    scenario: Annotated[
        str, typer.Argument(help="A scenario's name; see 'bakeoff scenarios'.", autocompletion=complete_scenario)
    ],
    runs: RunsOption,
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
    target: TargetOption = "local",
    max_usd: MaxUsdOption = None,
    max_minutes: MaxMinutesOption = None,
) -> None:
    """Bring a cluster up and leave it standing. On a standing one: replace dead daemons, take over a changed scenario."""
    options = Options(runs, isolation, share, target=target, max_usd=max_usd, max_minutes=max_minutes)
    with shown() as progress:
        lease = library.apply(scenario, options, progress)
    if json:
        print_json(
            {"lease": lease.id, "apply_s": lease.state.apply_s, "expires_at": lease.state.expires_at, **lease.cluster()}
        )
        return
    say(f"{scenario} is up as lease {lease.id} ({lease.state.apply_s:.1f} s), until {lease.state.expires_at[:16]} UTC.")
    workload = "write_tfrecords" if lease.target.ROOT else "train"
    on = "" if target == "local" else f" --target {target}"
    say(f"Run on it: bakeoff run {workload} --on {scenario}{on}.  Tear down: bakeoff destroy {scenario}")
