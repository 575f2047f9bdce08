"""``bakeoff scenarios``: the cluster shapes, and what they cost."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.catalogue.pricing import DEFAULT_REGION
from infra.cli.output import JsonOption, print_json, stdout
from infra.inputs.scenario import ScenarioRow, list_scenarios

EXAMPLE = "Example: bakeoff scenarios --json"


def main(
    json: JsonOption = False,
    region: Annotated[str, typer.Option(help="Region whose list prices are shown.")] = DEFAULT_REGION,
) -> None:
    """List the cluster shapes: machines, disks, list price per hour."""
    rows = list_scenarios(region=region)
    if json:
        print_json(
            [
                {
                    **row._asdict(),
                    "machine_types": sorted({row.machine_type, row.master_machine_type}),
                    "disk": {"type": row.disk_type, "gb_per_node": row.disk_gb, "gb": row.disk_total_gb},
                }
                for row in rows
            ]
        )
        return
    table = Table(title=f"Scenarios (list prices, {region})")
    for heading in ("scenario", "workers", "machines", "vCPU", "memory GB", "disk per node", "USD/h"):
        table.add_column(heading, justify="left" if heading in ("scenario", "machines", "disk per node") else "right")
    for row in rows:
        table.add_row(
            row.name,
            str(row.workers),
            _machines(row),
            str(row.vcpus),
            f"{row.memory_gb:g}",
            f"{row.disk_type}, {row.disk_gb} GB",
            f"{row.usd_per_hour:.3f}",
        )
    stdout.print(table)


def _machines(row: ScenarioRow) -> str:
    if row.workers == 0:
        return f"1 x {row.machine_type}"
    return f"{row.workers} x {row.machine_type} + master {row.master_machine_type}"
