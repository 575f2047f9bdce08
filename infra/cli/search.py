"""``bakeoff search``: find the best shape for a workload, or one shape for a set of workloads, with few paid runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from infra.base.errors import Interrupted, UsageError
from infra.base.options import DEFAULT_TARGET, Options
from infra.cli.objective import (
    LeastAccuracyOption,
    MaxLatencyOption,
    MaxRuntimeOption,
    ObjectiveOption,
    UsesOption,
    WeightOption,
    make_objective,
)
from infra.cli.options import ImagesOption, IsolationOption, TargetOption
from infra.cli.output import JsonOption, RunsOption, ShareOption, open_runs, print_json, shown
from infra.cli.search_output import print_found
from infra.inputs.experiment import DataSpec
from infra.inputs.workloads import JOB

EXAMPLE = "Example: bakeoff search --space seed --workload write_tfrecords --objective cost --max-runs 8"


def main(
    context: typer.Context,
    runs: RunsOption,
    space: Annotated[str, typer.Option(help="A .toml file of candidate shapes, or the name of one in infra/spaces/.")],
    workload: Annotated[
        list[str] | None,
        typer.Option(
            help="What runs: a workload's name, or 'job' with --job. Repeated: one shape is searched for all of them."
        ),
    ] = None,
    job: Annotated[Path | None, typer.Option(help="Any PySpark script of yours.")] = None,
    args: Annotated[str, typer.Option(help="Arguments of the script, as in a shell.")] = "",
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting of the workload: key=value, of a set WORKLOAD.key=value, JSON values. Repeatable."
        ),
    ] = None,
    objective: ObjectiveOption = "cost",
    max_runtime: MaxRuntimeOption = None,
    least_accuracy: LeastAccuracyOption = None,
    max_latency: MaxLatencyOption = None,
    weight: WeightOption = None,
    max_usd: Annotated[
        float | None, typer.Option(min=0.0, help="Stop before more than this is paid (local: notional).")
    ] = None,
    max_runs: Annotated[int | None, typer.Option(min=1, help="Stop after so many runs.")] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="How to search; 'bakeoff replay' judges them. Default: bakeoff; for a set micky, and no other."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same proposals.")] = 0,
    uses: UsesOption = None,
    parallel: Annotated[int, typer.Option(min=1, max=20, help="Shapes that run side by side (gcp).")] = 1,
    history: Annotated[
        bool, typer.Option("--history/--no-history", help="Learn from records of other workloads; a set does not.")
    ] = True,
    images: ImagesOption = None,
    count: Annotated[int, typer.Option(min=1, help="Images in the generated set.")] = 300,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds after which a job is stopped.")] = 1800,
    name: Annotated[
        str | None, typer.Option(help="Folder of the records under --runs. Default: search-<space>.")
    ] = None,
    target: TargetOption = DEFAULT_TARGET,
    json: JsonOption = False,
    isolation: IsolationOption = "auto",
    share: ShareOption = None,
) -> None:
    """Propose a shape, apply it, run the workload, collect, destroy, tell; until it stops. Resumes where it was cut off.

    With several workloads it proposes pairs of shape and workload, and ends with the one shape for all and what each loses on it.
    """
    from analysis.errors import SearchError
    from infra.base.signals import Interruptible
    from infra.inputs.one_off import workload_specs
    from infra.inputs.space import load_space
    from infra.search import live as search
    from infra.search import past as search_past
    from infra.search.run import bench_runner, fitting_shapes
    from infra.targets.registry import open_target

    folder = open_runs(context, runs).folder

    candidates = load_space(space)
    if max_usd == 0:
        raise UsageError("--max-usd must be greater than 0; received 0. Leave it out for no limit.")
    traits = open_target(target).traits
    if parallel > 1 and not traits.side_by_side:
        raise UsageError(
            f"--parallel is for --target gcp: on one host one cell measures at a time; received {parallel}."
        )
    chosen = name or f"search-{candidates.name}"
    data = DataSpec(images=images, count=count)
    specs = workload_specs(workload or [JOB], job, args, config or [], data, chosen, timeout)
    workloads = tuple(spec.name for spec in specs)
    options = Options(folder, isolation, share, target=target)
    try:
        asked = make_objective(objective, max_runtime, least_accuracy, max_latency, weight)
    except SearchError as error:
        raise UsageError(str(error)) from error
    search.check_objective(asked, workloads)
    shapes, left_out = fitting_shapes(candidates, specs, options)
    wanted = search.Spec(
        shapes=shapes,
        workloads=workloads,
        objective=asked,
        facts={
            "settings": specs[0].model_dump() if len(specs) == 1 else [spec.model_dump() for spec in specs],
            "data": data.model_dump(),
            "target": target,
            "timeout_s": timeout,
            "isolation": isolation,
            "local_cores_per_vcpu": share,
            **({"script_sha256": hashlib.sha256(job.read_bytes()).hexdigest()} if job else {}),
        },
        strategy=strategy,
        seed=seed,
        max_usd=max_usd,
        max_runs=max_runs,
        parallel=parallel,
        uses=uses,
    )
    with shown() as progress:
        for line in left_out:
            progress.note(line)
        heeding = Interruptible(progress)
        runner = bench_runner(chosen, specs, data, timeout, options, heeding, max_latency)
        past = search_past.load_past(folder, specs[0].name, target) if history and len(specs) == 1 else ()
        try:
            found = search.search(wanted, folder / chosen, runner, past, progress, heeding.interrupt)
        except Interrupted as error:
            raise Interrupted(f"{error} The same command goes on from here.") from error
    if json:
        print_json(found.as_json())
    else:
        print_found(found, workloads, str(asked), local=traits.notional_prices)
    if found.winner is None:
        raise typer.Exit(1)
