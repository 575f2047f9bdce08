"""What Google billed for a lease, from a billing export table in BigQuery.

Source: cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage (columns). Rows arrive hours, and up
to some days, after the usage: a bill is called complete only after ``COMPLETE_AFTER``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from infra.base.errors import UsageError
from infra.targets.google.calls import retry, typed_error
from infra.targets.google.clients import Clients
from infra.targets.google.labels import LEASE

COMPLETE_AFTER = timedelta(days=3)
MOST_BYTES = 50 * 10**9  # a query that would read more fails, rather than cost
TABLE = re.compile(r"[A-Za-z0-9:._-]+\.[A-Za-z0-9_]+\.[A-Za-z0-9_-]+")
QUERY = """
SELECT
  service.id AS service_id, sku.id AS sku_id, sku.description AS sku, currency,
  SUM(cost) AS cost,
  SUM(IFNULL((SELECT SUM(credit.amount) FROM UNNEST(credits) AS credit), 0)) AS credits
FROM `{table}`
WHERE EXISTS (SELECT 1 FROM UNNEST(labels) AS label WHERE label.key = @label AND label.value = @lease)
  AND usage_start_time >= TIMESTAMP_SUB(@begin, INTERVAL 1 HOUR) AND usage_start_time < @end
GROUP BY service_id, sku_id, sku, currency
ORDER BY service_id, sku_id, sku, currency
"""


class BilledRow(NamedTuple):
    """One SKU of the bill. Its ids stay when Google renames a product; its description is for reading."""

    service_id: str
    sku_id: str
    sku: str
    currency: str
    cost: float  # before credits
    credits: float  # negative


@dataclass(frozen=True)
class Bill:
    """What was billed for a lease so far."""

    lease: str
    rows: tuple[BilledRow, ...]
    complete: bool  # False while rows may still arrive

    @property
    def currency(self) -> str | None:
        """The bill's currency; None for an empty bill."""
        return self.rows[0].currency if self.rows else None

    @property
    def total(self) -> float | None:
        """Cost and credits in the bill's currency; None for an empty bill: nothing has arrived, which is not zero."""
        return sum(row.cost + row.credits for row in self.rows) if self.rows else None


def billed(clients: Clients, table: str, lease: str, begin: datetime, end: datetime, now: datetime) -> Bill:
    """The bill of a lease that stood from ``begin`` to ``end``.

    Args:
        table: ``project.dataset.gcp_billing_export_v1_...`` of a standard or detailed export.

    Raises:
        UsageError: the table's name is malformed, or the bill has several currencies.
        MissingError: there is no such table.
        AccessError: it may not be read.
    """
    if not TABLE.fullmatch(table):
        raise UsageError(f"A billing export table is project.dataset.table; received '{table}'.")
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import bigquery

    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter("label", "STRING", LEASE),
            bigquery.ScalarQueryParameter("lease", "STRING", lease),
            bigquery.ScalarQueryParameter("begin", "TIMESTAMP", begin),
            bigquery.ScalarQueryParameter("end", "TIMESTAMP", end),
        ],
        maximum_bytes_billed=MOST_BYTES,
        labels={LEASE: lease},
    )
    try:
        found = clients.bigquery.query_and_wait(
            QUERY.format(table=table), job_config=config, retry=retry(clients.backoff)
        )
        rows = tuple(_row(row) for row in found)
    except (GoogleAPIError, GoogleAuthError) as error:
        raise typed_error(error) from error
    currencies = sorted({row.currency for row in rows})
    if len(currencies) > 1:
        raise UsageError(
            f"The bill of lease {lease} has several currencies ({', '.join(currencies)}): name one table each."
        )
    return Bill(lease, rows, complete=now - end >= COMPLETE_AFTER)


def _row(row: Any) -> BilledRow:
    ids = row["service_id"], row["sku_id"]
    return BilledRow(*ids, row["sku"], row["currency"], float(row["cost"]), float(row["credits"]))
