"""``bakeoff prices``: the list prices in use, or today's from Google's catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from infra.base.paths import CACHE_DIR
from infra.catalogue import Catalogue, Price
from infra.catalogue.pricing import DEFAULT_REGION
from infra.cli.output import JsonOption, print_json, print_table, say, shown
from infra.targets.google import prices
from infra.targets.google.clients import Clients

EXAMPLE = "Example: bakeoff prices --refresh --region europe-west2"


def main(
    refresh: Annotated[bool, typer.Option(help="Ask Google's Billing Catalog, and write a new table.")] = False,
    region: Annotated[
        list[str] | None, typer.Option(help="Region, may be repeated. Default: those of the table in use.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the new table goes. Default: .cache/prices/prices-<date>.csv")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List prices: those in use, dated; or refreshed from Google Cloud (needs credentials)."""
    catalogue = Catalogue.default()
    if not refresh:
        shown_prices = [price for price in catalogue.prices if not region or price.region in region]
        _show(shown_prices, catalogue.prices_path.name, json)
        return
    today = datetime.now(UTC).date()
    path = out or CACHE_DIR / "prices" / f"prices-{today.isoformat()}.csv"
    with shown() as progress:
        progress.stage("ask the Billing Catalog")
        found = prices.refresh(Clients("", DEFAULT_REGION), region or catalogue.regions, today)
    prices.write(found.prices, path)
    changes = prices.changes(catalogue.prices, found.prices)
    if json:
        print_json(
            {
                "table": str(path),
                "dated": today.isoformat(),
                "prices": [price._asdict() for price in found.prices],
                "missing": found.missing,
                "changes": [change._asdict() for change in changes],
            }
        )
        return
    for change in changes:
        say(f"{change.kind} {change.sku} {change.region}: {_usd(change.before_usd)} -> {_usd(change.after_usd)}")
    if found.missing:
        say(f"Not in the catalogue: {', '.join(found.missing)}")
    say(f"{len(found.prices)} prices, {len(changes)} of them changed: {path}")
    say(f"To use it: export BAKEOFF_PRICES={path}")


def _show(rows: list[Price], table_name: str, json: bool) -> None:
    if json:
        print_json([row._asdict() for row in rows])
        return
    headings = ("kind", "sku", "region", "USD", "unit", "dated")
    cells = ((row.kind, row.sku, row.region, f"{row.usd:.5f}", row.unit, row.dated) for row in rows)
    print_table(f"List prices ({table_name})", headings, cells, left=set(headings) - {"USD"})


def _usd(value: float | None) -> str:
    return "none" if value is None else f"{value:.5f}"
