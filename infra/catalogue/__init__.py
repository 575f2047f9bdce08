"""What Google Cloud publishes about machines, disks and prices, from the CSV files beside this one (see its README).

``BAKEOFF_PRICES`` names another price table, such as one that ``bakeoff prices --refresh`` wrote.
"""

from __future__ import annotations

import csv
import datetime
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from infra.base.errors import UsageError, unknown_name

CATALOGUE_DIR = Path(__file__).resolve().parent


class MachineType(NamedTuple):
    """A machine type, as Google publishes it."""

    name: str
    vcpus: int
    memory_gb: float
    network_egress_gbit_s: float

    @property
    def series(self) -> str:
        """Machine series: n1, n2 or e2."""
        return self.name.split("-", 1)[0]


class DiskLimits(NamedTuple):
    """What one persistent disk does at most on a given VM (published; MiB/s and operations/s)."""

    read_mib_s: float
    write_mib_s: float
    read_iops: float
    write_iops: float


class Price(NamedTuple):
    """A list price: USD per ``unit``, on demand, as of ``dated``."""

    kind: str
    sku: str
    region: str
    usd: float
    unit: str
    source: str
    dated: str


def _rows(file_name: str) -> list[dict[str, str]]:
    with (CATALOGUE_DIR / file_name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def machine_types() -> dict[str, MachineType]:
    """Every machine type by name."""
    return {
        row["machine_type"]: MachineType(
            row["machine_type"], int(row["vcpus"]), float(row["memory_gb"]), float(row["network_egress_gbit_s"])
        )
        for row in _rows("machine_types.csv")
    }


def machine_type(name: str) -> MachineType:
    """The machine type of that name. Raises UsageError with the nearest name if there is none."""
    try:
        return machine_types()[name]
    except KeyError:
        raise unknown_name("machine type", name, machine_types()) from None


@cache
def disk_types() -> tuple[str, ...]:
    """The known disk types."""
    return tuple(row["disk_type"] for row in _rows("disks.csv"))


def disk_limits(disk_type: str, disk_gb: int, machine: MachineType) -> DiskLimits:
    """Published limits of one disk: min(baseline + per GB x size, cap of the VM).

    Raises UsageError for an unknown disk type.
    """
    disk = next((row for row in _rows("disks.csv") if row["disk_type"] == disk_type), None)
    if disk is None:
        raise unknown_name("disk type", disk_type, disk_types())
    cap = max(
        (
            row
            for row in _rows("disk_caps.csv")
            if (row["machine_series"], row["disk_type"]) == (machine.series, disk_type)
            and int(row["vcpus_from"]) <= machine.vcpus
        ),
        key=lambda row: int(row["vcpus_from"]),
    )

    def limit(direction: str, unit: str) -> float:
        of_size = float(disk[f"baseline_{unit}"]) + float(disk[f"{direction}_{unit}_per_gb"]) * disk_gb
        return min(of_size, float(cap[f"max_{direction}_{unit}"]))

    return DiskLimits(limit("read", "mib_s"), limit("write", "mib_s"), limit("read", "iops"), limit("write", "iops"))


def prices_path() -> Path:
    """The price table in use: ``$BAKEOFF_PRICES``, else the one that is shipped."""
    return Path(os.environ.get("BAKEOFF_PRICES") or CATALOGUE_DIR / "prices.csv")


def prices() -> tuple[Price, ...]:
    """The whole price table in use. Raises UsageError if it cannot be read."""
    return _prices(prices_path())


@cache
def _prices(path: Path) -> tuple[Price, ...]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            raise ValueError("it is empty")
        for row in rows:
            datetime.date.fromisoformat(row["dated"])
        return tuple(
            Price(row["kind"], row["sku"], row["region"], float(row["usd"]), row["unit"], row["source"], row["dated"])
            for row in rows
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        wanted = ", ".join(Price._fields)
        raise UsageError(f"{path} is not a price table with the columns {wanted}: {error!r}") from error
