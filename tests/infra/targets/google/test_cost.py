"""Cost by hand, from seconds to the comparison with a fake bill."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from infra.base.errors import AccessError, MissingError, UsageError
from infra.catalogue import Catalogue
from infra.catalogue.pricing import Machine, billed_s, breakdown, cost, hourly_price, machines, usd_per_hour
from infra.targets.google.billing import Bill, BilledRow, billed
from infra.targets.google.cost import item_of, notes, reconcile
from tests.support.google.bills import BEGIN, END, LATER, fill
from tests.support.google.cloud import Cloud
from tests.support.google.jobs import FOUR
from tests.support.google.server import Refusal
from workloads.record import Scenario

REGION = "us-central1"
SPOT = FOUR.model_copy(update={"spot_workers": 2})
GPU = FOUR.model_copy(update={"accelerator_type": "nvidia-tesla-t4", "accelerator_count": 2})
V100 = FOUR.model_copy(update={"accelerator_type": "nvidia-tesla-v100", "accelerator_count": 1})


@pytest.mark.parametrize(("seconds", "billed"), [(0, 60), (59.9, 60), (60, 60), (60.2, 61), (3600, 3600)])
def test_a_machine_is_billed_for_a_minute_at_least(seconds: float, billed: float) -> None:
    assert billed_s(seconds) == billed


def test_half_a_minute_by_hand() -> None:
    found = cost([Machine("m", "n1-standard-2", "pd-ssd", 200, 30)], REGION)
    assert found.item_usd("machines") == pytest.approx(0.095 / 60)
    assert found.item_usd("dataproc fee") == pytest.approx(2 * 0.010 / 60)
    assert found.item_usd("disks") == pytest.approx(200 * 0.170 * 30 / (730 * 3600))  # a disk has no minimum
    assert found.total_usd == pytest.approx(sum(line.usd for line in found.lines))
    assert found.prices_dated == "2025-03-06"


def test_machines_that_stood_for_different_times() -> None:
    used = [Machine("m", "n1-standard-1", "pd-ssd", 0, 7200), Machine("w-0", "n1-standard-2", "pd-ssd", 0, 3600)]
    found = cost(used, REGION)
    assert found.item_usd("machines") == pytest.approx(2 * 0.0475 + 0.095)
    assert {line.node: line.seconds for line in found.lines if line.item == "machines"} == {"m": 7200, "w-0": 3600}


@pytest.mark.parametrize(
    "scenario", [FOUR, SPOT, GPU, FOUR.model_copy(update={"workers": 0, "machine_type": "n1-standard-1"})]
)
def test_an_hour_is_the_price_per_hour(scenario: Scenario) -> None:
    found = cost(machines(scenario, 3600), REGION)
    assert found.total_usd == pytest.approx(usd_per_hour(scenario, REGION))
    assert cost(machines(scenario, 1800), REGION).total_usd == pytest.approx(found.total_usd / 2)


def test_spot_and_accelerators_by_hand() -> None:
    assert hourly_price(SPOT, REGION).item_usd("spot machines") == pytest.approx(
        2 * (2 * 0.00878 + 7.5 * 0.001126), abs=2e-5
    )
    assert hourly_price(SPOT, REGION).item_usd("dataproc fee") == pytest.approx(0.01 * 13)
    assert hourly_price(GPU, REGION).item_usd("accelerators") == pytest.approx(4 * 2 * 0.35)
    mixed = V100.model_copy(update={"spot_workers": 2})
    assert hourly_price(mixed, REGION).item_usd("accelerators") == pytest.approx(4 * 2.48 + 2 * 1.0885)
    assert hourly_price(mixed, REGION).item_usd("spot machines") == hourly_price(SPOT, REGION).item_usd("spot machines")


@pytest.mark.parametrize("scenario", [FOUR, SPOT, GPU])
def test_a_record_keeps_the_same_total(scenario: Scenario) -> None:
    found = cost(machines(scenario, 90.5), REGION)
    kept = breakdown(found)
    assert kept.total_usd == pytest.approx(found.total_usd)
    assert kept.seconds == 91 and kept.vertex_usd == 0


@pytest.mark.parametrize(
    ("scenario", "region", "words"),
    [
        (V100, "europe-west2", "Unknown accelerator price in europe-west2 'nvidia-tesla-v100'"),
        (GPU.model_copy(update={"accelerator_type": "nvidia-l4"}), REGION, "Unknown accelerator price"),
        (FOUR, "us-central", r"Unknown region 'us-central'\. Did you mean 'us-central1'"),
    ],
)
def test_an_unknown_price_is_an_error_and_not_zero(scenario: Scenario, region: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        cost(machines(scenario, 3600), region)
    with pytest.raises(UsageError, match=words):
        hourly_price(scenario, region)


def test_a_spot_price_is_not_taken_from_the_regular_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        line
        for line in Catalogue.default().prices_path.read_text().splitlines()
        if not line.startswith("accelerator_spot")
    ]
    (tmp_path / "prices.csv").write_text("\n".join(rows))
    monkeypatch.setenv("BAKEOFF_PRICES", str(tmp_path / "prices.csv"))
    with pytest.raises(UsageError, match="Unknown accelerator spot price"):
        cost(machines(GPU.model_copy(update={"spot_workers": 1}), 3600), REGION)


def bill_of(cloud: Cloud, now: datetime = LATER) -> Bill:
    return billed(cloud.clients, cloud.bigquery.table, "abc123", BEGIN, END, now)


def test_estimate_measured_and_billed_in_one_table(cloud: Cloud) -> None:
    fill(cloud)
    fill(cloud, lease="other")
    fill(cloud, at=BEGIN - timedelta(days=1))
    bill = bill_of(cloud)
    assert cloud.failures.calls["queryPage"] == 2  # six SKUs, two a page
    assert bill.complete and bill.currency == "USD" and bill.total == pytest.approx(0.77 - 0.03)
    rows = {r.item: r for r in reconcile(cost(machines(FOUR, 7200), REGION), cost(machines(FOUR, 3600), REGION), bill)}
    assert list(rows) == ["machines", "spot machines", "disks", "dataproc fee", "other", "credits", "total"]
    machine = rows["machines"]
    assert machine.estimate_usd == pytest.approx(2 * 0.4275) and machine.measured_usd == pytest.approx(0.4275)
    assert machine.measured_minus_estimate_usd == pytest.approx(-0.4275)
    assert machine.billed == pytest.approx(0.40)
    assert machine.billed_minus_measured_usd == pytest.approx(0.40 - 0.4275)
    assert rows["spot machines"].billed == pytest.approx(0.03) and rows["spot machines"].measured_usd == 0
    assert rows["other"].billed == pytest.approx(0.01)
    assert rows["credits"].billed == pytest.approx(-0.03)
    assert rows["total"].billed == pytest.approx(bill.total)
    assert sum(r.billed or 0 for r in rows.values()) == pytest.approx(2 * (bill.total or 0))
    assert notes(bill) == []


def test_without_a_bill() -> None:
    both = cost(machines(FOUR, 3600), REGION)
    rows = reconcile(both, both)
    assert [row.item for row in rows] == ["machines", "disks", "dataproc fee", "total"]
    assert all(row.billed is None and row.billed_minus_measured_usd is None for row in rows)
    assert notes(None) == ["Not compared with a bill: no billing export table is named."]


def test_an_estimate_of_which_only_the_total_is_known() -> None:
    *items, total = reconcile(1.5, cost(machines(FOUR, 3600), REGION))
    assert all(row.estimate_usd is None and row.measured_minus_estimate_usd is None for row in items)
    assert total.estimate_usd == 1.5 and total.measured_minus_estimate_usd == pytest.approx(total.measured_usd - 1.5)


def test_a_bill_that_has_not_arrived_is_not_zero(cloud: Cloud) -> None:
    bill = bill_of(cloud)
    assert bill.total is None
    both = cost(machines(FOUR, 3600), REGION)
    assert all(row.billed is None for row in reconcile(both, both, bill))
    assert "no row of this lease yet" in notes(bill)[0]


def test_a_bill_that_may_still_grow_says_so(cloud: Cloud) -> None:
    fill(cloud)
    bill = bill_of(cloud, now=END + timedelta(hours=30))
    assert not bill.complete
    assert notes(bill) == ["The bill may still grow: rows arrive hours, and up to days, after the usage."]


def test_another_currency_is_shown_and_not_subtracted(cloud: Cloud) -> None:
    fill(cloud, currency="EUR")
    bill = bill_of(cloud)
    both = cost(machines(FOUR, 3600), REGION)
    total = reconcile(both, both, bill)[-1]
    assert (total.currency, total.billed_minus_measured_usd) == ("EUR", None) and total.billed == pytest.approx(0.74)
    assert "in EUR" in notes(bill)[0]


def test_a_billing_table_that_is_not_one(cloud: Cloud) -> None:
    with pytest.raises(UsageError, match=r"project\.dataset\.table; received 'x`; DROP'"):
        billed(cloud.clients, "x`; DROP", "abc123", BEGIN, END, LATER)
    with pytest.raises(MissingError, match=r"Not found: Table a\.b\.c"):
        billed(cloud.clients, "a.b.c", "abc123", BEGIN, END, LATER)


def test_a_billing_table_that_may_not_be_read(cloud: Cloud) -> None:
    cloud.failures.add("query", Refusal("PERMISSION_DENIED", "bigquery.tables.getData denied", "accessDenied"))
    with pytest.raises(AccessError, match=r"bigquery\.tables\.getData denied"):
        bill_of(cloud)


@pytest.mark.parametrize(
    ("service_id", "sku_id", "sku", "item"),
    [
        ("6F81-5844-456A", "DC33-D3C7-25CA", "Licensing Fee for Google Cloud Dataproc (CPU cost)", "dataproc fee"),
        ("6F81-5844-456A", "DC33-D3C7-25CA", "Managed Service for Apache Spark fee", "dataproc fee"),
        ("363B-8851-170D", "", "Managed Service for Apache Spark DCU", "dataproc fee"),
        ("C7E2-9256-1C43", "", "Vertex AI: Training N1 Predefined Instance Core running in London", "vertex ai"),
        ("C7E2-9256-1C43", "", "Gemini Enterprise Agent Platform: Training T4 GPU", "vertex ai"),
        ("6F81-5844-456A", "", "Nvidia Tesla T4 GPU attached to Spot Preemptible VMs", "accelerators"),
        ("6F81-5844-456A", "", "Spot Preemptible E2 Instance Ram running in London", "spot machines"),
        ("6F81-5844-456A", "", "E2 Instance Ram running in London", "machines"),
        ("6F81-5844-456A", "", "Balanced PD Capacity in London", "disks"),
        ("6F81-5844-456A", "", "Network Inter Zone Data Transfer Out", "other"),
        ("5490-F7B7-8DF6", "", "Log Storage cost of GPU nodes", "other"),
    ],
)
def test_what_a_sku_belongs_to(service_id: str, sku_id: str, sku: str, item: str) -> None:
    """By ids, whatever the product is called today."""
    assert item_of(BilledRow(service_id, sku_id, sku, "USD", 1.0, 0.0)) == item
