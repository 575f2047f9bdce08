"""Prices and the catalogue: worked examples by hand, and every row usable."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.catalogue import Catalogue
from infra.catalogue.pricing import hourly_price, usd_per_hour
from infra.inputs.scenario import load_scenario
from workloads.record import Scenario

CATALOGUE = Catalogue.default()


def test_four_small_ssd_by_hand() -> None:
    price = hourly_price(load_scenario("four-small-ssd"))
    assert price.item_usd("machines") == pytest.approx(5 * 0.0950)
    assert price.item_usd("disks") == pytest.approx(5 * 200 * 0.170 / 730)
    assert price.item_usd("dataproc fee") == pytest.approx(5 * 2 * 0.010)
    assert price.total_usd == pytest.approx(0.475 + 0.23288 + 0.1, abs=1e-4)
    assert usd_per_hour(load_scenario("four-small-ssd")) == price.total_usd


def test_single_node_pays_for_one_machine() -> None:
    price = hourly_price(load_scenario("one-large-standard"))
    assert price.item_usd("machines") == pytest.approx(0.3800)
    assert price.item_usd("disks") == pytest.approx(1000 * 0.040 / 730)
    assert price.item_usd("dataproc fee") == pytest.approx(0.08)


def test_mixed_machine_types_and_another_region() -> None:
    price = hourly_price(load_scenario("eight-tiny-standard"), "europe-west2")
    assert price.item_usd("machines") == pytest.approx(8 * 0.0612 + 0.1224, abs=1e-3)
    assert price.item_usd("disks") == pytest.approx(990 * 0.048 / 730)


def test_same_storage_costs_the_same() -> None:
    four, one = (hourly_price(load_scenario(name)) for name in ("four-small-ssd", "one-large-ssd"))
    assert four.item_usd("disks") == pytest.approx(one.item_usd("disks"))


def test_unknown_region_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Unknown region 'us-central'\. Did you mean 'us-central1'\?"):
        usd_per_hour(load_scenario("four-small-ssd"), "us-central")


@pytest.mark.parametrize("region", CATALOGUE.regions)
@pytest.mark.parametrize("machine_type", sorted(CATALOGUE.machine_types))
def test_every_machine_and_disk_has_a_price_and_limits(machine_type: str, region: str) -> None:
    for disk_type in CATALOGUE.disk_types:
        scenario = Scenario(
            name="x",
            workers=2,
            machine_type=machine_type,
            master_machine_type=machine_type,
            disk_type=disk_type,
            disk_gb=100,
        )
        assert usd_per_hour(scenario, region) > 0
        assert min(CATALOGUE.disk_limits(disk_type, 100, CATALOGUE.machine_type(machine_type))) > 0


def test_every_row_is_dated_and_sourced_and_none_twice() -> None:
    prices = CATALOGUE.prices
    assert len({(price.kind, price.sku, price.region) for price in prices}) == len(prices)
    for price in prices:
        datetime.date.fromisoformat(price.dated)
        assert price.source.startswith("https://")


@pytest.mark.parametrize(
    ("disk_type", "disk_gb", "machine", "expected"),
    [
        ("pd-standard", 200, "n1-standard-2", (24, 24, 150, 300)),
        ("pd-standard", 1000, "n1-standard-8", (120, 120, 750, 1500)),
        ("pd-standard", 65536, "n1-standard-8", (800, 400, 5000, 15000)),  # the VM's caps
        ("pd-ssd", 200, "n1-standard-2", (240, 240, 12000, 12000)),  # 240 + 96 MiB/s, capped
        ("pd-ssd", 1000, "n1-standard-8", (720, 720, 15000, 15000)),
        ("pd-ssd", 500, "n1-standard-1", (240, 204, 15000, 15000)),
        ("pd-balanced", 100, "n2-standard-4", (168, 168, 3600, 3600)),
    ],
)
def test_disk_limits_by_hand(disk_type: str, disk_gb: int, machine: str, expected: tuple[float, ...]) -> None:
    assert CATALOGUE.disk_limits(disk_type, disk_gb, CATALOGUE.machine_type(machine)) == pytest.approx(expected)


def test_a_catalogue_is_its_folder_alone(tmp_path: Path) -> None:
    """Two catalogues side by side, such as those of two revisions, know nothing of each other."""
    for name in ("machine_types.csv", "disks.csv", "disk_caps.csv", "prices.csv"):
        text = (CATALOGUE.folder / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("n1-standard-2,", "n1-standard-2x,"), encoding="utf-8")
    other = Catalogue(tmp_path)
    assert other.machine_type("n1-standard-2x").vcpus == CATALOGUE.machine_type("n1-standard-2").vcpus
    with pytest.raises(UsageError, match="Unknown machine type 'n1-standard-2'"):
        other.machine_type("n1-standard-2")
    shape = load_scenario("four-small-ssd")
    renamed = shape.model_copy(update={"machine_type": "n1-standard-2x", "master_machine_type": "n1-standard-2x"})
    assert usd_per_hour(renamed, catalogue=other) == usd_per_hour(shape, catalogue=CATALOGUE) == usd_per_hour(shape)
    with pytest.raises(UsageError, match="Unknown machine price"):
        usd_per_hour(renamed)
