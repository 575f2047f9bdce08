"""Prices from a fake Billing Catalog: by hand, all pages, dated, and never a guess."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.base.errors import AccessError, CloudError, UsageError
from infra.catalogue import Catalogue
from infra.catalogue.pricing import usd_per_hour
from infra.cli.app import app
from infra.inputs.scenario import load_scenario
from infra.targets.google import prices
from infra.targets.google.prices import Change, Refreshed
from tests.support.google.catalog import sku
from tests.support.google.cloud import Cloud
from tests.support.google.server import Refusal

TODAY = date(2026, 11, 24)


def refreshed(cloud: Cloud, *regions: str) -> Refreshed:
    return prices.refresh(cloud.clients, regions or ("us-central1",), TODAY)


def usd(found: Refreshed, kind: str, name: str) -> float:
    (price,) = [p for p in found.prices if (p.kind, p.sku) == (kind, name)]
    return price.usd


def test_prices_by_hand(cloud: Cloud) -> None:
    found = refreshed(cloud)
    assert usd(found, "machine", "n1-standard-2") == pytest.approx(2 * 0.032 + 7.5 * 0.004)
    assert usd(found, "machine", "n1-highmem-16") == pytest.approx(16 * 0.032 + 104 * 0.004)
    assert usd(found, "machine", "n2-standard-4") == pytest.approx(4 * 0.030 + 16 * 0.005)
    assert usd(found, "machine_spot", "e2-standard-8") == pytest.approx((8 * 0.020 + 32 * 0.003) / 4)
    assert (
        usd(found, "disk", "pd-standard") == 0.05
    )  # beyond the free tier, the newest price, and not the regional disk
    assert usd(found, "disk", "pd-ssd") == 0.18
    assert usd(found, "accelerator", "nvidia-tesla-t4") == 0.36
    assert usd(found, "accelerator_spot", "nvidia-tesla-t4") == 0.12
    assert usd(found, "dataproc", "vcpu") == 0.011
    assert {p.dated for p in found.prices} == {"2026-11-24"}
    assert all(p.source.startswith("https://") for p in found.prices)
    assert "accelerator nvidia-tesla-v100 us-central1" in found.missing
    assert cloud.failures.calls["ListSkus"] == -(-len(cloud.catalog.skus) // cloud.catalog.page_size)


def test_every_kind_that_is_shipped_is_refreshed(cloud: Cloud) -> None:
    new = {(p.kind, p.sku) for p in refreshed(cloud).prices}
    shipped = {(p.kind, p.sku) for p in Catalogue.default().prices if p.region == "us-central1"}
    assert {sku for _, sku in shipped - new} == {"nvidia-tesla-v100"}  # the fake has none, see above


def test_what_a_region_lacks_is_missing_and_not_zero(cloud: Cloud) -> None:
    found = refreshed(cloud, "europe-west2")
    assert "machine n1-standard-2 europe-west2" in found.missing  # its memory has no price
    assert [(p.kind, p.sku) for p in found.prices] == [("dataproc", "vcpu")]


def test_two_prices_for_one_thing_are_an_error(cloud: Cloud) -> None:
    cloud.catalog.skus.append(sku("N1 Predefined Instance Core running in Iowa", 0.04))
    with pytest.raises(CloudError, match=r"several prices for 'N1 Predefined Instance Core .*0\.032, 0\.04"):
        refreshed(cloud)


def test_permission_denied(cloud: Cloud) -> None:
    refusal = Refusal("PERMISSION_DENIED", "off", "SERVICE_DISABLED", service="cloudbilling.googleapis.com")
    cloud.failures.add("ListSkus", refusal)
    with pytest.raises(AccessError, match=r"gcloud services enable cloudbilling\.googleapis\.com"):
        refreshed(cloud)


@pytest.fixture
def table(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A refreshed table, made by the verb."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "prices.csv"
    result = CliRunner().invoke(app, ["prices", "--refresh", "--region", "us-central1", "--out", str(path), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["table"] == str(path) and told["missing"]
    before_after = {(c["kind"], c["sku"]): (c["before_usd"], c["after_usd"]) for c in told["changes"]}
    assert before_after["disk", "pd-ssd"] == (0.17, 0.18)
    assert before_after["accelerator_spot", "nvidia-tesla-t4"] == (0.175, 0.12)
    return path


def test_a_refreshed_table_is_used_where_it_is_named(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = usd_per_hour(load_scenario("four-small-ssd"))
    monkeypatch.setenv("BAKEOFF_PRICES", str(table))
    assert {p.dated for p in Catalogue.default().prices} != {"2025-03-06"}
    assert usd_per_hour(load_scenario("four-small-ssd")) == pytest.approx(
        5 * (0.032 * 2 + 0.004 * 7.5) + 5 * 200 * 0.18 / 730 + 10 * 0.011
    )
    monkeypatch.delenv("BAKEOFF_PRICES")
    assert usd_per_hour(load_scenario("four-small-ssd")) == shipped
    assert table.parent.name != "catalogue"


def test_the_verb_without_a_network_shows_what_is_in_use() -> None:
    result = CliRunner().invoke(app, ["prices", "--region", "europe-west2", "--json"])
    rows = json.loads(result.stdout)
    assert {row["region"] for row in rows} == {"europe-west2"}
    assert all(row["usd"] > 0 and row["dated"] for row in rows)
    assert "pd-balanced" in CliRunner().invoke(app, ["prices"]).stdout


def test_changes_of_other_regions_are_not_told() -> None:
    old = [p for p in Catalogue.default().prices if p.kind == "disk"]
    new = [p._replace(usd=1.0) for p in old if p.region == "us-central1" and p.sku != "pd-ssd"]
    assert prices.changes(old, new) == [
        Change("disk", "pd-balanced", "us-central1", 0.1, 1.0),
        Change("disk", "pd-ssd", "us-central1", 0.17, None),
        Change("disk", "pd-standard", "us-central1", 0.04, 1.0),
    ]


@pytest.mark.parametrize(
    "text", ["", "kind,sku\nmachine,x\n", "kind,sku,region,usd,unit,source,dated\na,b,c,x,d,e,2026-01-01\n"]
)
def test_a_broken_table_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    monkeypatch.setenv("BAKEOFF_PRICES", str(path))
    with pytest.raises(UsageError, match="is not a price table with the columns kind, sku"):
        assert Catalogue.default().prices
