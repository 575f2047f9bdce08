"""``bakeoff costs``: what an experiment's leases were thought to cost, did, and were billed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.cli.output import JsonOption, RunsOption, open_runs, print_json, print_table, say, shown
from infra.targets.google import reconcile
from infra.targets.google.clients import Clients
from infra.targets.google.settings import config_path, load_settings

EXAMPLE = "Example: bakeoff costs demo --table my-project.billing.gcp_billing_export_v1_ABC"


def main(
    context: typer.Context,
    runs: RunsOption,
    experiment: Annotated[str, typer.Argument(help="An experiment with records of Google Cloud.")],
    table: Annotated[
        str | None,
        typer.Option(help="Billing export table, project.dataset.table. Default: billing_table of gcp.toml."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare estimate, measurement and bill of every lease of an experiment that is gone."""
    folder = open_runs(context, runs).folder
    settings = load_settings() if config_path().is_file() or table else None
    table = table or (settings.billing_table if settings else None)
    clients = Clients(settings.project_id, settings.region) if settings and table else None
    with shown() as progress:
        progress.stage(f"costs of {experiment}")
        found, untold = reconcile.costs(folder, experiment, table=table, clients=clients, now=datetime.now(UTC))
    if json:
        print_json({"experiment": experiment, "leases": [one.as_json() for one in found], "missing": untold})
        return
    for one in found:
        _show(one)
    for sentence in untold:
        say(sentence)


def _show(one: reconcile.LeaseCosts) -> None:
    headings = ("item", "estimate USD", "measured USD", "difference", "billed", "currency", "billed - measured")
    rows = (
        (
            row.item,
            _amount(row.estimate_usd),
            _amount(row.measured_usd),
            _amount(row.measured_minus_estimate_usd),
            _amount(row.billed),
            row.currency or "",
            _amount(row.billed_minus_measured_usd),
        )
        for row in one.rows
    )
    title = f"{one.scenario}, lease {one.lease}, {one.lived_s / 60:.1f} min in {one.region}"
    print_table(title, headings, rows, left=("item", "currency"))
    for sentence in one.notes:
        say(sentence)


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
