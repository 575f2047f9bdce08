"""``bakeoff scenarios``: the cluster shapes, and what they cost."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.catalogue.pricing import DEFAULT_REGION
from infra.cli.output import JsonOption, print_json, print_table
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
    headings = ("scenario", "workers", "machines", "vCPU", "memory GB", "disk per node", "USD/h")
    cells = (
        (
            row.name,
            str(row.workers),
            _machines(row),
            str(row.vcpus),
            f"{row.memory_gb:g}",
            f"{row.disk_type}, {row.disk_gb} GB",
            f"{row.usd_per_hour:.3f}",
        )
        for row in rows
    )
    print_table(f"Scenarios (list prices, {region})", headings, cells, left=("scenario", "machines", "disk per node"))


def _machines(row: ScenarioRow) -> str:
    if row.workers == 0:
        return f"1 x {row.machine_type}"
    return f"{row.workers} x {row.machine_type} + master {row.master_machine_type}"
