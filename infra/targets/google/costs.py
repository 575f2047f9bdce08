"""What a cluster costs whose machines all stand for the same time.

    python -m infra.targets.google.costs SCENARIO MINUTES [REGION]

prints what a cluster of that shape costs that stands so long.
"""

from __future__ import annotations

import sys

from infra.catalogue.pricing import DEFAULT_REGION, cluster_cost
from infra.inputs.scenario import load_scenario


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
