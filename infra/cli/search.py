"""``bakeoff search``: find the best shape for a workload with few paid runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from infra.cli.objective import (
    LeastAccuracyOption,
    MaxLatencyOption,
    MaxRuntimeOption,
    ObjectiveOption,
    WeightOption,
    objective_of,
)
from infra.cli.options import ImagesOption, IsolationOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, print_json, say, shown, stdout
from infra.errors import UsageError
from infra.experiment import DataSpec
from infra.options import Options, TargetName

if TYPE_CHECKING:
    from infra.search import Found

EXAMPLE = "Example: bakeoff search --space seed --workload write_tfrecords --objective cost --max-runs 8"


def main(
    runs: RunsOption,
    space: Annotated[str, typer.Option(help="A .toml file of candidate shapes, or the name of one in infra/spaces/.")],
    workload: Annotated[str, typer.Option(help="What runs: a workload's name, or 'job' with --job.")] = "job",
    job: Annotated[Path | None, typer.Option(help="Any PySpark script of yours.")] = None,
    args: Annotated[str, typer.Option(help="Arguments of the script, as in a shell.")] = "",
    config: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the workload: key=value, JSON values. Repeatable.")
    ] = None,
    objective: ObjectiveOption = "cost",
    max_runtime: MaxRuntimeOption = None,
    least_accuracy: LeastAccuracyOption = None,
    max_latency: MaxLatencyOption = None,
    weight: WeightOption = 0.5,
    max_usd: Annotated[float | None, typer.Option(min=0.0, help="Stop before more than this is paid.")] = None,
    max_runs: Annotated[int | None, typer.Option(min=1, help="Stop after so many runs.")] = None,
    strategy: Annotated[str, typer.Option(help="How to search; 'bakeoff replay' judges them.")] = "bakeoff",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same proposals.")] = 0,
    uses: Annotated[
        float | None, typer.Option(min=1, help="How often the shape will be used: more, longer search.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=20, help="Shapes that run side by side (gcp).")] = 1,
    history: Annotated[
        bool, typer.Option("--history/--no-history", help="Learn from records of other workloads.")
    ] = True,
    images: ImagesOption = None,
    count: Annotated[int, typer.Option(min=1, help="Images in the generated set.")] = 300,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds after which a job is stopped.")] = 1800,
    name: Annotated[
        str | None, typer.Option(help="Folder of the records under --runs. Default: search-<space>.")
    ] = None,
    target: Annotated[TargetName, typer.Option(help="Where the shapes are applied.")] = "local",
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
) -> None:
    """Propose a shape, apply it, run the workload, collect, destroy, tell; until it stops. Resumes where it was cut off."""
    from analysis.errors import SearchError
    from infra import search
    from infra.oneoff import one_off
    from infra.search_run import bench_runner
    from infra.space import load_space
    from infra.target import open_target

    candidates = load_space(space)
    if parallel > 1 and target == "local":
        raise UsageError(
            f"--parallel is for --target gcp: on one host one cell measures at a time; received {parallel}."
        )
    chosen = name or f"search-{candidates.name}"
    named = None if workload == "job" else workload
    checked = one_off("any", named, job, args, config or [], 1, DataSpec(images=images, count=count), chosen, timeout)
    spec, options = checked.workloads[0], Options(runs, isolation, share, target=target)
    try:
        asked = objective_of(objective, max_runtime, least_accuracy, max_latency, weight)
    except SearchError as error:
        raise UsageError(str(error)) from error
    shapes, too_large = [], []
    for shape in candidates.shapes():
        try:
            open_target(target).check([shape], options)
            shapes.append(shape)
        except UsageError as error:
            too_large.append(f"left out: {shape.name}: {error}")
    if not shapes:
        raise UsageError(f"No shape of the space '{candidates.name}' fits. {too_large[0]}")
    wanted = search.Spec(
        shapes=shapes,
        workload=spec.name,
        objective=asked,
        facts={
            "settings": spec.model_dump(),
            "data": checked.data.model_dump(),
            "target": target,
            "timeout_s": timeout,
        },
        strategy=strategy,
        seed=seed,
        max_usd=max_usd,
        max_runs=max_runs,
        parallel=parallel,
        uses=uses,
    )
    with shown() as progress:
        for line in too_large:
            progress.note(line)
        runner = bench_runner(chosen, spec, checked.data, timeout, options, progress, max_latency)
        past = search.past_of(runs, spec.name, target) if history else ()
        found = search.search(wanted, runs / chosen, runner, past, progress)
    _print(found, str(asked), json, local=target == "local")
    if found.winner is None:
        raise typer.Exit(1)


def _print(found: Found, objective: str, json: bool, local: bool) -> None:
    if json:
        print_json(found.as_json())
        return
    table = Table(title=f"Runs of the search, objective {objective}" + (" (notional cost)" if local else ""))
    for heading in ("shape", "status", "seconds", "USD", "why it was proposed"):
        table.add_column(heading, justify="right" if heading in ("seconds", "USD") else "left", overflow="fold")
    for run in found.runs:
        values = run["values"]
        seconds, usd = values.get("runtime_s"), values.get("cost_usd")
        table.add_row(
            run["shape"],
            run["status"],
            f"{seconds:.1f}" if seconds else "-",
            f"{usd:.5f}" if usd else "-",
            run["why"],
        )
    stdout.print(table)
    say(f"Stopped: {found.reason}.")
    if found.winner and found.shape:
        winner, shape = found.winner, found.shape
        led = f"master {shape.master_machine_type}" if shape.workers else "a single node"
        nodes = f"{shape.workers} workers {shape.machine_type}, {led}, {shape.disk_type} {shape.disk_gb} GB each"
        say(f"Recommendation: {shape.name}: {nodes}.")
        say(
            f"Measured {winner.measured:.4g} ({objective}); the next run is expected at {winner.predicted:.4g}, "
            f"{winner.confidence:.0%} interval {winner.low:.4g} to {winner.high:.4g}."
        )
        saved = f"{found.runs_saved} runs saved against running every candidate"
        say(f"{saved}; {found.paid_usd:.5f} USD paid for {len(found.runs)}.")
    else:
        say("No recommendation: no run ended well within the limits.")
