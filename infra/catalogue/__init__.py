"""What Google Cloud publishes about machines, disks and prices: CSV files (see the README beside this file)."""

from __future__ import annotations

import csv
import datetime
import os
from functools import cache, cached_property
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


class Catalogue:
    """Machine types, disk types and list prices of one folder of CSV files, each read once when it is first needed.

    Args:
        folder: holds machine_types.csv, disks.csv, disk_caps.csv and prices.csv.
        prices_path: another price table, such as one that ``bakeoff prices --refresh`` wrote.
    """

    def __init__(self, folder: Path = CATALOGUE_DIR, prices_path: Path | None = None) -> None:
        self.folder = folder
        self.prices_path = prices_path or folder / "prices.csv"

    @staticmethod
    def default() -> Catalogue:
        """The catalogue that is shipped, with the price table that ``BAKEOFF_PRICES`` names, if it is set."""
        return _shipped(os.environ.get("BAKEOFF_PRICES") or None)

    @cached_property
    def machine_types(self) -> dict[str, MachineType]:
        """Every machine type by name."""
        return {
            row["machine_type"]: MachineType(
                row["machine_type"], int(row["vcpus"]), float(row["memory_gb"]), float(row["network_egress_gbit_s"])
            )
            for row in self._rows("machine_types.csv")
        }

    def machine_type(self, name: str) -> MachineType:
        """The machine type of that name. Raises UsageError with the nearest name if there is none."""
        try:
            return self.machine_types[name]
        except KeyError:
            raise unknown_name("machine type", name, self.machine_types) from None

    @cached_property
    def disk_types(self) -> tuple[str, ...]:
        """Names of the disk types."""
        return tuple(self._disks)

    def disk_limits(self, disk_type: str, disk_gb: int, machine: MachineType) -> DiskLimits:
        """Published limits of one disk: min(baseline + per GB x size, cap of the VM).

        Raises UsageError for an unknown disk type.
        """
        if disk_type not in self._disks:
            raise unknown_name("disk type", disk_type, self.disk_types)
        disk = self._disks[disk_type]
        cap = max(
            (
                row
                for row in self._disk_caps
                if (row["machine_series"], row["disk_type"]) == (machine.series, disk_type)
                and int(row["vcpus_from"]) <= machine.vcpus
            ),
            key=lambda row: int(row["vcpus_from"]),
        )

        def limit(direction: str, unit: str) -> float:
            by_size = float(disk[f"baseline_{unit}"]) + float(disk[f"{direction}_{unit}_per_gb"]) * disk_gb
            return min(by_size, float(cap[f"max_{direction}_{unit}"]))

        return DiskLimits(
            limit("read", "mib_s"), limit("write", "mib_s"), limit("read", "iops"), limit("write", "iops")
        )

    @cached_property
    def prices(self) -> tuple[Price, ...]:
        """The whole price table. Raises UsageError if it cannot be read."""
        path = self.prices_path
        try:
            rows = _read(path)
            if not rows:
                raise ValueError("it is empty")
            for row in rows:
                datetime.date.fromisoformat(row["dated"])
            return tuple(
                Price(
                    row["kind"], row["sku"], row["region"], float(row["usd"]), row["unit"], row["source"], row["dated"]
                )
                for row in rows
            )
        except (OSError, KeyError, ValueError, TypeError) as error:
            columns = ", ".join(Price._fields)
            raise UsageError(f"{path} is not a price table with the columns {columns}: {error!r}") from error

    @cached_property
    def regions(self) -> list[str]:
        """Regions with prices, sorted."""
        return sorted({price.region for price in self.prices})

    def price(self, kind: str, sku: str, region: str) -> Price:
        """One list price. Raises UsageError, with the nearest name, for an unknown region or where there is no price."""
        try:
            return self._price_by_key[kind, sku, region]
        except KeyError:
            if region not in self.regions:
                raise unknown_name("region", region, self.regions) from None
            known = [s for k, s, r in self._price_by_key if (k, r) == (kind, region)]
            raise unknown_name(f"{kind.replace('_', ' ')} price in {region}", sku, known) from None

    @cached_property
    def _price_by_key(self) -> dict[tuple[str, str, str], Price]:
        return {(price.kind, price.sku, price.region): price for price in self.prices}

    @cached_property
    def _disks(self) -> dict[str, dict[str, str]]:
        return {row["disk_type"]: row for row in self._rows("disks.csv")}

    @cached_property
    def _disk_caps(self) -> list[dict[str, str]]:
        return self._rows("disk_caps.csv")

    def _rows(self, file_name: str) -> list[dict[str, str]]:
        return _read(self.folder / file_name)


@cache
def _shipped(prices: str | None) -> Catalogue:
    return Catalogue(prices_path=Path(prices) if prices else None)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
