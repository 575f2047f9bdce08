"""The ``bakeoff`` command."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from infra.base.errors import BakeoffError, Interrupted, is_disk_full
from infra.base.signals import raise_interrupted
from infra.cli import (
    apply,
    bench,
    clean,
    compare,
    costs,
    destroy,
    doctor,
    plan,
    prices,
    replay,
    report,
    review,
    run,
    scale,
    scenarios,
    search,
)
from infra.cli.output import stderr

app = typer.Typer(
    name="bakeoff",
    help="Run the same workload on competing cluster shapes, measure honestly, and see which shape to buy.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

GROUPS = {
    "Look": (doctor, scenarios, prices, plan),
    "Run": (apply, run, bench, search),
    "Decide": (report, compare, scale, replay, review, costs),
    "Clean up": (destroy, clean),
}
"""The verbs as the help lists them."""

for group, verbs in GROUPS.items():
    for verb in verbs:
        name = verb.__name__.rsplit(".", 1)[-1]
        app.command(name=name, epilog=verb.EXAMPLE, rich_help_panel=group)(verb.main)


def main() -> None:
    """Entry point: typed errors become one clear line and their exit code."""
    raise_interrupted()
    try:
        app()
    except (BakeoffError, Interrupted) as error:
        stderr.print(f"[bold red]bakeoff:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if not is_disk_full(error):
            raise
        where = f" of {error.filename}" if error.filename else ""
        stderr.print(
            f"[bold red]bakeoff:[/] No space is left on the disk{escape(where)}. Free some, then give the same command "
            "again: what is finished is kept. 'bakeoff clean' shows what was left.",
            highlight=False,
            soft_wrap=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
