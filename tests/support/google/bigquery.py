"""A BigQuery that holds one billing export table, and answers the one question bakeoff asks of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.support.google.server import Refusal, page, require

PATH = re.compile(r"/bigquery/v2/projects/([^/]+)/(queries|jobs)(?:/([^/]+))?")
CONDITIONS = (
    "label.key = @label AND label.value = @lease",
    "usage_start_time >= TIMESTAMP_SUB(@begin, INTERVAL 1 HOUR)",
    "usage_start_time < @end",
    "SUM(cost) AS cost",
    "SELECT SUM(credit.amount) FROM UNNEST(credits)",
    "GROUP BY service_id, sku_id, sku, currency",
)
SCHEMA = {
    "fields": [
        *({"name": name, "type": "STRING"} for name in ("service_id", "sku_id", "sku", "currency")),
        *({"name": name, "type": "FLOAT"} for name in ("cost", "credits")),
    ]
}


class ExportRow(NamedTuple):
    """One row of the export, as far as it matters."""

    sku: str
    cost: float
    started_at: datetime
    labels: dict[str, str]
    credits: tuple[float, ...] = ()
    currency: str = "USD"
    service_id: str = "6F81-5844-456A"  # Compute Engine
    sku_id: str = ""


@dataclass
class FakeBigQuery:
    """Rows of the export; two rows of an answer a page."""

    project: str = "a-project"
    table: str = "a-project.billing.gcp_billing_export_v1_ABC"
    rows: list[ExportRow] = field(default_factory=list)
    page_size: int = 2
    _answer: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[str, Callable[[Any], Any]] | None:
        match = PATH.fullmatch(path)
        if not match:
            return None
        if method == "POST" and not match[3]:
            return "query", self._query
        if match[2] == "jobs":
            return "job", lambda _: self._job
        return "queryPage", lambda query: self._page(query.get("pageToken", "0"))

    @property
    def _job(self) -> dict[str, Any]:
        table = {"projectId": self.project, "datasetId": "d", "tableId": "t"}
        return {
            "jobReference": {"projectId": self.project, "jobId": "job", "location": "EU"},
            "status": {"state": "DONE"},
            "configuration": {"jobType": "QUERY", "query": {"query": "", "destinationTable": table}},
        }

    def _query(self, body: dict[str, Any]) -> dict[str, Any]:
        named = re.search(r"FROM `([^`]+)`", body["query"])
        if not named or named[1] != self.table:
            raise Refusal("NOT_FOUND", f"Not found: Table {named[1] if named else ''}")
        for condition in CONDITIONS:  # the fake does not run SQL: what it filters by must be asked for
            require(condition in body["query"], f"the query does not ask for {condition}")
        require(body.get("useLegacySql") is False, "standard SQL")
        require(int(body.get("maximumBytesBilled", 0)) > 0, "a query without a limit may cost anything")
        given = {p["name"]: p["parameterValue"]["value"] for p in body["queryParameters"]}
        require(given["label"] == "bakeoff-lease", "the bill of one lease only")
        begin, end = (datetime.fromisoformat(given[k]).astimezone(UTC) for k in ("begin", "end"))
        sums: dict[tuple[str, str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for row in self.rows:
            if row.labels.get(given["label"]) == given["lease"] and begin - timedelta(hours=1) <= row.started_at < end:
                both = sums[row.service_id, row.sku_id, row.sku, row.currency]
                both[0] += row.cost
                both[1] += sum(row.credits)
        self._answer = [{"f": [{"v": str(v)} for v in (*key, *both)]} for key, both in sorted(sums.items())]
        return self._page("0")

    def _page(self, token: str) -> dict[str, Any]:
        rows, following = page(self._answer, token, self.page_size)
        more = {"pageToken": following} if following else {}
        return {
            "kind": "bigquery#queryResponse",
            "jobComplete": True,
            "jobReference": self._job["jobReference"],
            "schema": SCHEMA,
            "rows": rows,
            "totalRows": str(len(self._answer)),
            **more,
        }
