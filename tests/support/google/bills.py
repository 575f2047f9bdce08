"""A billing export for one lease."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.google.bigquery import ExportRow
from tests.support.google.cloud import Cloud

BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=1)
LATER = END + timedelta(days=4)


def fill(cloud: Cloud, lease: str = "abc123", currency: str = "USD", at: datetime = BEGIN) -> None:
    labels = {"bakeoff-lease": lease, "goog-dataproc-cluster-name": "x"}
    fee = "Managed Service for Apache Spark fee"  # as renamed: its id is the same
    for sku, usd, credited in (
        ("N1 Predefined Instance Core running in Americas", 0.20, (-0.02, -0.01)),
        ("N1 Predefined Instance Ram running in Americas", 0.10, ()),
        ("N1 Predefined Instance Core running in Americas", 0.10, ()),
        ("Spot Preemptible N1 Predefined Instance Core running in Americas", 0.03, ()),
        ("SSD backed PD Capacity", 0.24, ()),
        (fee, 0.09, ()),
        ("Log Storage cost", 0.01, ()),
    ):
        sku_id = "DC33-D3C7-25CA" if sku == fee else ""
        cloud.bigquery.rows.append(ExportRow(sku, usd, at, labels, credited, currency, sku_id=sku_id))
