"""What ``bakeoff search`` prints at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.cli.output import print_table, say

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
    headings = ["shape", *(["workload"] if of_set else []), "status", "seconds", "USD", "why it was proposed"]
    rows = []
    for run in found.runs:
        seconds, usd = run["values"].get("runtime_s"), run["values"].get("cost_usd")
        measured = (f"{seconds:.1f}" if seconds else "-", f"{usd:.5f}" if usd else "-")
        rows.append([run["shape"], *([run["workload"]] if of_set else []), run["status"], *measured, run["why"]])
    title = f"Runs of the search, objective {objective}" + (" (notional cost)" if local else "")
    print_table(title, headings, rows, left=set(headings) - {"seconds", "USD"})


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
    left = ("workload", "measured on it", "best measured", "shapes run")
    rows = [
        (
            one.workload,
            "not run" if one.measured is None else f"{one.measured:.4g}",
            "none" if one.best_measured is None else f"{one.best_measured:.4g} on {one.best_shape}",
            f"{one.shapes_run} of {one.shapes}",
            f"{one.loss:.2f}",
            f"{one.low:.2f} to {one.high:.2f}",
        )
        for one in winner.losses
    ]
    rows.append(("geometric mean", "", "", "", f"{winner.mean_loss:.2f}", f"{winner.low:.2f} to {winner.high:.2f}"))
    title = f"What each workload loses on it against its own best shape, objective {objective}"
    print_table(title, (*left, "expected loss", f"{winner.confidence:.0%} interval"), rows, left=left)
    say("A loss is the value on the shape over the value on the workload's own best one; 1: none.")
    if unknown := winner.optimum_unknown:
        say(
            f"The own optimum of {', '.join(unknown)} was not measured, for want of runs on every shape: the loss is then the "
            "estimate of a model in which workloads differ little in the shapes they like."
        )
    if unseen := [one.workload for one in winner.losses if one.measured is None]:
        say(f"Not run on the shape itself, where it may yet fail: {', '.join(unseen)}.")
