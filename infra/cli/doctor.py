"""``bakeoff doctor``: what this machine can do, and how to get the rest."""

from __future__ import annotations

import typer
from rich.markup import escape

from infra.base.options import DEFAULT_TARGET
from infra.cli.options import TargetOption
from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, stdout
from infra.targets.registry import open_target

EXAMPLE = "Example: bakeoff doctor --target gcp"

MARKS = {"ok": "[green]ok[/]     ", "missing": "[yellow]missing[/]", "broken": "[red]broken[/] "}


def main(
    context: typer.Context,
    runs: RunsOption,
    target: TargetOption = DEFAULT_TARGET,
    json: JsonOption = False,
) -> None:
    """Say what this machine can do, what is missing, and the command that cures it."""
    folder = open_runs(context, runs).folder
    checks = open_target(target).doctor(folder)
    if json:
        print_json(checks)
    else:
        for check in checks:
            stdout.print(f"{MARKS[check.state]} {check.name}: {escape(check.detail)}", highlight=False, soft_wrap=True)
            if check.cure:
                stdout.print(f"        cure: {escape(check.cure)}", highlight=False, soft_wrap=True)
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(1)
