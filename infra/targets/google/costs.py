"""What a cluster costs whose machines all stand for the same time.

    python -m infra.targets.google.costs SCENARIO MINUTES [REGION]

prints what a cluster of that shape costs that stands so long.
"""

from __future__ import annotations

import sys

from infra.catalogue.pricing import DEFAULT_REGION, cluster_cost, usd_per_hour
from infra.inputs.scenario import load_scenario
from infra.targets.google.settings import load_settings
from workloads.record import Scenario


def list_price(scenario: Scenario) -> tuple[float, str]:
    """List price of the shape, USD per hour, in the region of gcp.toml, and that region. Raises SetupError without the file."""
    region = load_settings().region
    return usd_per_hour(scenario, region), region


def main(name: str, minutes: str, region: str = DEFAULT_REGION) -> None:
    """Print the cost of a cluster by what is paid for, and in all."""
    found = cluster_cost(load_scenario(name), region, float(minutes) * 60)
    for item in ("machines", "spot machines", "accelerators", "disks", "dataproc fee"):
        print(f"{item:14} {found.of(item):8.4f} USD")
    print(
        f"{'total':14} {found.total_usd:8.4f} USD  ({name}, {minutes} minutes, {region}, prices of {found.prices_dated})"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
