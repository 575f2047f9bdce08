"""A Cloud Monitoring that holds time series, filters them as asked, and gives them in small pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import monitoring_v3 as mon

from tests.support.google.server import Method, page, require

CLAUSE = re.compile(r'(\w+)\.(?:labels\.)?(\w+) = (?:"([^"]*)"|starts_with\("([^"]*)"\))')


@dataclass
class FakeMonitoring:
    """Time series as they were added; ``page_size`` series a page, whatever is asked for."""

    project: str = "a-project"
    page_size: int = 2
    series: list[mon.TimeSeries] = field(default_factory=list)

    def add(
        self,
        metric: str,
        instance: str,
        points: Iterable[tuple[float, float, float]],
        *,
        integer: bool = False,
        **labels: str,
    ) -> None:
        """One series of points (begin, end, value)."""
        kind = "int64_value" if integer else "double_value"
        self.series.append(
            mon.TimeSeries(
                metric={"type": metric, "labels": {"instance_name": instance, **labels}},
                resource={
                    "type": "gce_instance",
                    "labels": {"project_id": self.project, "instance_id": f"id-{instance}", "zone": "z"},
                },
                points=[
                    {
                        "interval": {"start_time": {"seconds": int(begin)}, "end_time": {"seconds": int(end)}},
                        "value": {kind: int(value) if integer else value},
                    }
                    for begin, end, value in reversed(list(points))  # the API gives the newest first
                ],
            )
        )

    def services(self) -> Mapping[str, Mapping[str, Method]]:
        return {
            "google.monitoring.v3.MetricService": {
                "ListTimeSeries": Method(mon.ListTimeSeriesRequest, self._list),
            }
        }

    def _list(self, request: Any) -> Any:
        require(request.name == f"projects/{self.project}", f"name must be the project's: '{request.name}'")
        require(request.interval.end_time, "interval.end_time is required")
        require(0 < request.page_size <= 100_000, f"page_size is at most 100,000: {request.page_size}")
        clauses = CLAUSE.findall(request.filter)
        require(len(clauses) == request.filter.count(" AND ") + 1, f"the filter is not understood: {request.filter}")
        require([c[1] for c in clauses].count("type") == 2, f"one metric.type and one resource.type: {request.filter}")
        begin, end = request.interval.start_time.timestamp(), request.interval.end_time.timestamp()
        found = []
        for series in self.series:
            points = [p for p in series.points if begin < p.interval.end_time.timestamp() <= end]
            if points and all(_holds(series, *clause) for clause in clauses):
                found.append(mon.TimeSeries(metric=series.metric, resource=series.resource, points=points))
        some, token = page(found, request.page_token, self.page_size)
        return mon.ListTimeSeriesResponse(time_series=some, next_page_token=token)


def _holds(series: Any, scope: str, key: str, equal: str, prefix: str) -> bool:
    place = getattr(series, scope)
    value = place.type if key == "type" else place.labels.get(key, "")
    return bool(value.startswith(prefix)) if prefix else bool(value == equal)
