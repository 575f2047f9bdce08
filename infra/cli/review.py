"""``bakeoff review``: what a change does, as a comment for its pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.base.errors import UsageError
from infra.base.paths import PROJECT_DIR
from infra.catalogue.pricing import DEFAULT_REGION
from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, say, shown

EXAMPLE = "Example: bakeoff review --base main"


def main(
    context: typer.Context,
    base: Annotated[str, typer.Option("--base", help="Branch, tag or commit that the change is meant for.")],
    runs: RunsOption,
    out: Annotated[Path | None, typer.Option(help="File to write instead of standard output.")] = None,
    region: Annotated[str, typer.Option(help="Region whose list prices are compared.")] = DEFAULT_REGION,
    json: JsonOption = False,
) -> None:
    """Compare this checkout with another revision: scenarios, configuration by resource, cost, policy; one Markdown comment.

    What is broken is named in the comment and is no failure of the review.
    """
    from infra.review.comment import comment  # the analysis behind it brings pandas: only this verb pays for it
    from infra.review.review import review

    with shown() as progress:
        found = review(PROJECT_DIR, base, open_runs(context, runs, only_records=True), region, progress)
    if out is not None:
        try:
            out.write_text(comment(found), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"--out must be a file that can be written; received '{out}': {error.strerror}."
            ) from error
    if json:
        print_json(found)
    elif out is None:
        typer.echo(comment(found), nl=False)
    else:
        say(f"Comment: {out}")
