"""``bakeoff apply S``: bring a cluster up and leave it standing."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.base.options import DEFAULT_TARGET, Options, target_option
from infra.cli.completion import complete_scenario
from infra.cli.options import IsolationOption, MaxMinutesOption, MaxUsdOption, TargetOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, open_runs, print_json, say, shown
from infra.clusters import apply as library
from infra.clusters import lifecycle
from infra.inputs.scenario import load_scenario
from infra.inputs.workloads import all_workloads
from infra.targets.registry import target_of

EXAMPLE = "Example: bakeoff apply four-small-ssd"


def main(
    context: typer.Context,
    scenario: Annotated[
        str, typer.Argument(help="A scenario's name; see 'bakeoff scenarios'.", autocompletion=complete_scenario)
    ],
    runs: RunsOption,
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
    target: TargetOption = DEFAULT_TARGET,
    max_usd: MaxUsdOption = None,
    max_minutes: MaxMinutesOption = None,
) -> None:
    """Bring a cluster up and leave it standing. On a standing one: replace dead daemons, take over a changed scenario."""
    folder = open_runs(context, runs).folder
    options = Options(folder, isolation, share, target=target, max_usd=max_usd, max_minutes=max_minutes)
    with shown() as progress:
        lease = library.apply(load_scenario(scenario), options, progress)
    if json:
        print_json(
            {
                "lease": lease.id,
                "apply_s": lease.state.apply_s,
                "expires_at": lease.state.expires_at,
                **lifecycle.outputs(lease),
            }
        )
        return
    say(f"{scenario} is up as lease {lease.id} ({lease.state.apply_s:.1f} s), until {lease.state.expires_at[:16]} UTC.")
    spark = target_of(lease).traits.spark
    workload = next(name for name, known in all_workloads().items() if spark or known.runs_without_spark)
    say(
        f"Run on it: bakeoff run {workload} --on {scenario}{target_option(target)}.  Tear down: bakeoff destroy {scenario}"
    )
