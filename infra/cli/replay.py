"""``bakeoff replay``: judge search strategies on recorded cloud runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.base.errors import UsageError
from infra.cli.objective import (
    LeastAccuracyOption,
    MaxLatencyOption,
    MaxRuntimeOption,
    ObjectiveOption,
    UsesOption,
    WeightOption,
    make_objective,
)
from infra.cli.output import JsonOption, check_plot, print_json, print_notes, print_table, say, shown, split_names

if TYPE_CHECKING:
    from analysis.search.core.problem import Objective
    from analysis.search.core.recordings import Recording

DEFAULT = "bakeoff,cherrypick,random"
EXAMPLE = (
    "Example: bakeoff replay --data scout_multinode.csv.gz --objective cost --strategies bakeoff,cherrypick,random"
)


def main(
    data: Annotated[Path, typer.Option("--data", help="Table of recorded runs: .csv or .csv.gz.")],
    objective: ObjectiveOption = "cost",
    max_runtime: MaxRuntimeOption = None,
    least_accuracy: LeastAccuracyOption = None,
    max_latency: MaxLatencyOption = None,
    weight: WeightOption = None,
    strategies: Annotated[
        str | None, typer.Option(help=f"Names, separated by commas, or 'all'. Default: {DEFAULT}.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Searches per workload; their seeds are 0, 1, ...")] = 5,
    features: Annotated[
        str | None, typer.Option(help="Feature columns, separated by commas. Default: known by name.")
    ] = None,
    uses: UsesOption = None,
    history: Annotated[
        bool, typer.Option("--history/--no-history", help="Whether workloads of other applications may be learnt from.")
    ] = True,
    min_candidates: Annotated[
        int | None,
        typer.Option(min=1, help="Shortest list that is judged. Default: a third of the longest."),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            help="Judge all workloads, or the applications that bakeoff was tuned on or not: tuning, held-out."
        ),
    ] = "all",
    one_for_all: Annotated[
        bool, typer.Option("--one-for-all", help="Instead: one configuration for all workloads, and what each loses.")
    ] = False,
    json: JsonOption = False,
    plot: Annotated[Path | None, typer.Option(help="Draw runs against best so far: FILE.svg and FILE.png.")] = None,
) -> None:
    """Replay searches on a table of recorded runs, as if each run were paid for, and judge them."""
    from analysis.errors import SearchError
    from analysis.measures.formats import plural
    from analysis.search.core.recordings import load_recordings
    from analysis.search.replay import tournament
    from analysis.search.replay.follow import judgeable
    from analysis.search.replay.split import select_split
    from analysis.search.strategies.bakeoff import USES, Bakeoff
    from analysis.search.strategies.registry import STRATEGIES

    given = {"--uses": f"{uses:g}" if uses else None, "--strategies": strategies, "--plot": plot}
    for option, value in given.items():
        if one_for_all and value is not None:
            raise UsageError(f"{option} is for searches of single workloads; received {value}. Leave it out.")
    chosen = DEFAULT if strategies is None else strategies
    names = list(STRATEGIES) if chosen == "all" else split_names("--strategies", chosen)
    listens = Bakeoff.name in names
    if uses is not None and not listens:
        raise UsageError(f"--uses is for the strategy {Bakeoff.name}; received {uses:g} for {chosen}. Leave it out.")
    columns = None if features is None else split_names("--features", features)
    try:
        asked = make_objective(objective, max_runtime, least_accuracy, max_latency, weight)
        recordings, notes = load_recordings(data, asked, columns)
        judged, left_out = judgeable(recordings, asked, min_candidates)
        judged = select_split(judged, split)
        notes += left_out
        if one_for_all:
            _print_shared(judged, asked, seeds, notes, json)
            return
        if plot is not None:
            check_plot(plot)
        with shown() as progress:
            progress.stage(f"replaying {', '.join(names)} on {len(judged)} workloads")
            result = tournament.play(
                names,
                judged,
                recordings,
                asked,
                seeds,
                lambda done, total: progress.advance(done, total, "searches"),
                history,
                uses=uses,
            )
    except SearchError as error:
        raise UsageError(str(error)) from error
    notes += result.notes
    for_uses = (USES if uses is None else uses) if listens else None
    if plot is not None:
        from analysis.report.figures import search_runs

        search_runs.draw(result, f"{data.name.split('.')[0]}, {asked}", plot)
    if json:
        rows = [row.as_json() for row in result.rows]
        summary = result.summary()
        print_json({"objective": str(asked), "uses": for_uses, "rows": rows, "summary": summary, "notes": notes})
        return
    title = f"{data.name}, objective {asked}, {plural(seeds, 'seed')}, {'with' if history else 'without'} history"
    _print(result.summary(), title if for_uses is None else f"{title}, {Bakeoff.name} for {for_uses:g} uses")
    print_notes(notes)
    if plot is not None:
        say(f"Figure: {plot.with_suffix('.svg')} and {plot.with_suffix('.png')}")


def _print_shared(judged: list[Recording], objective: Objective, seeds: int, notes: list[str], json: bool) -> None:
    from analysis.measures.formats import plural
    from analysis.search.replay.one_for_all import one_for_all

    found = [one_for_all(judged, objective, seed) for seed in range(seeds)]
    if found[0].left_out:
        notes = [*notes, f"{plural(found[0].left_out, 'configuration')} not measured for every workload: no choice"]
    if json:
        searches = [{"seed": seed, **one.as_json()} for seed, one in enumerate(found)]
        print_json({"objective": str(objective), "searches": searches, "notes": notes})
        return
    headings = ["workload", *(f"{one.configuration} (seed {seed})" for seed, one in enumerate(found))]
    rows = [[r.workload, *(f"{one.losses[r.workload]:.2f}" for one in found)] for r in judged]
    rows.append(["geometric mean", *(f"{one.mean_loss:.2f}" for one in found)])
    title = f"One configuration for {len(judged)} workloads, objective {objective}: value / own optimum"
    print_table(title, headings, rows, left=("workload",))
    name, loss = found[0].best_possible
    say(
        f"{found[0].pulls} runs instead of {found[0].exhaustive}; the best single one in hindsight, {name}, loses {loss:.2f}."
    )
    print_notes(notes)


def _print(summary: list[dict[str, Any]], title: str) -> None:
    headings = (
        "strategy", "workloads", "runs to within 10 %", "runs at stop", "regret at stop", "found optimum", "search cost",
        "stopped too early", "best after 4, 6, 8, 12 runs", "cost + 10 x regret", "cost + 50 x regret",
    )  # fmt: skip
    rows = (
        (
            row["strategy"],
            str(row["workloads"]),
            f"{row['runs_to_within_10pct']:.2f}",
            f"{row['runs_to_stop']:.1f}",
            f"{row['regret']:.3f}",
            f"{row['found_optimum']:.0%}",
            f"{row['search_cost']:.1f}",
            f"{row['censored_at_stop']:.0f} of {row['searches']}",
            " ".join(f"{value:.3f}" for value in row["best_after"].values()),
            *(f"{value:.1f}" for value in row["total_cost"].values()),
        )
        for row in summary
    )
    print_table(title, headings, rows, left=("strategy",))
