"""What ``bakeoff search`` prints at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from infra.cli.output import say, stdout

if TYPE_CHECKING:
    from analysis.search.model.winner import Winner
    from analysis.search.workload_sets.set_loss import SetWinner
    from infra.search.live import Found
    from workloads.record import Scenario


def print_found(found: Found, workloads: tuple[str, ...], objective: str, local: bool) -> None:
    """The runs, why it stopped, the recommendation, and what was paid and saved."""
    from analysis.measures.formats import plural
    from analysis.search.workload_sets.set_loss import SetWinner

    _print_runs(found, objective, local, of_set=len(workloads) > 1)
    say(f"Stopped: {found.reason}.")
    if found.winner is None or found.shape is None:
        say(f"No recommendation: {found.why_none}.")
        return
    if isinstance(found.winner, SetWinner):
        say(f"Recommendation for all of {', '.join(workloads)}: {_described(found.shape)}.")
        _print_losses(found.winner, objective)
    else:
        say(f"Recommendation: {_described(found.shape)}.")
        _print_interval(found.winner, objective)
    against = "running every candidate" if len(workloads) == 1 else "running every workload on every candidate"
    say(
        f"{plural(found.runs_saved, 'run')} saved against {against}; {found.paid_usd:.5f} USD paid for {len(found.runs)}."
    )


def _print_runs(found: Found, objective: str, local: bool, of_set: bool) -> None:
    table = Table(title=f"Runs of the search, objective {objective}" + (" (notional cost)" if local else ""))
    headings = ["shape", *(["workload"] if of_set else []), "status", "seconds", "USD", "why it was proposed"]
    for heading in headings:
        table.add_column(heading, justify="right" if heading in ("seconds", "USD") else "left", overflow="fold")
    for run in found.runs:
        seconds, usd = run["values"].get("runtime_s"), run["values"].get("cost_usd")
        table.add_row(
            run["shape"],
            *([run["workload"]] if of_set else []),
            run["status"],
            f"{seconds:.1f}" if seconds else "-",
            f"{usd:.5f}" if usd else "-",
            run["why"],
        )
    stdout.print(table)


def _described(shape: Scenario) -> str:
    led = f"master {shape.master_machine_type}" if shape.workers else "a single node"
    return (
        f"{shape.name}: {shape.workers} workers {shape.machine_type}, {led}, {shape.disk_type} {shape.disk_gb} GB each"
    )


def _print_interval(winner: Winner, objective: str) -> None:
    say(
        f"Measured {winner.measured:.4g} ({objective}); the next run is expected at {winner.predicted:.4g}, "
        f"{winner.confidence:.0%} interval {winner.low:.4g} to {winner.high:.4g}."
    )


def _print_losses(winner: SetWinner, objective: str) -> None:
    table = Table(title=f"What each workload loses on it against its own best shape, objective {objective}")
    for heading in ("workload", "measured on it", "best measured", "shapes run"):
        table.add_column(heading, overflow="fold")
    for heading in ("expected loss", f"{winner.confidence:.0%} interval"):
        table.add_column(heading, justify="right", overflow="fold")
    for one in winner.losses:
        table.add_row(
            one.workload,
            "not run" if one.measured is None else f"{one.measured:.4g}",
            "none" if one.best_measured is None else f"{one.best_measured:.4g} on {one.best_shape}",
            f"{one.shapes_run} of {one.shapes}",
            f"{one.loss:.2f}",
            f"{one.low:.2f} to {one.high:.2f}",
        )
    mean = (f"{winner.mean_loss:.2f}", f"{winner.low:.2f} to {winner.high:.2f}")
    table.add_row("geometric mean", "", "", "", *mean)
    stdout.print(table)
    say("A loss is the value on the shape over the value on the workload's own best one; 1: none.")
    if unknown := winner.optimum_unknown:
        say(
            f"The own optimum of {', '.join(unknown)} was not measured, for want of runs on every shape: the loss is then the "
            "estimate of a model in which workloads differ little in the shapes they like."
        )
    if unseen := [one.workload for one in winner.losses if one.measured is None]:
        say(f"Not run on the shape itself, where it may yet fail: {', '.join(unseen)}.")
