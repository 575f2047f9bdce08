"""``bakeoff report``: from records to a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.base.errors import UsageError
from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, say, shown

EXAMPLE = "Example: bakeoff report demo"


def main(
    context: typer.Context,
    runs: RunsOption,
    experiment: Annotated[str | None, typer.Argument(help="An experiment with records. Default: the newest.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page and its pictures. Default: <runs>/<experiment>/report.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="File for the Markdown of a pull request. Default: report.md beside the page.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page (Markdown, SVG, PNG, CSV, Parquet beside it) that compares an experiment's scenarios."""
    from analysis.errors import NoRecordsError
    from analysis.records.runs import newest_experiment
    from analysis.report import write as pages  # pandas: only this verb pays for it

    folder = open_runs(context, runs).folder

    try:
        name = experiment or newest_experiment(folder)
        with shown() as progress:
            progress.stage(f"drawing the report of {name}")
            written = pages.build(folder, name, out or folder / name / "report", markdown=markdown)
    except NoRecordsError as error:
        raise UsageError(str(error)) from error
    if json:
        print_json(written.summary)
    else:
        say(f"Report: {written.page}")
        say(f"For a pull request: {written.markdown}")
