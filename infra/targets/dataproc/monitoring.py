"""Node metrics of a cluster from Cloud Monitoring, as rows of ``workloads.record.NODE_COLUMNS``.

Compute Engine writes one point a minute, visible up to 240 s later; a point says when its interval began and ended. A
minute without a point stays a gap, and a series that is not there leaves its column null. Memory is not among them: the
images since 2.2 have no agent that measures it (see :mod:`infra.targets.dataproc.memory`).
Source: cloud.google.com/monitoring/api/metrics_gcp_c.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from infra.targets.google.calls import pages
from infra.targets.google.clients import Clients
from infra.targets.google.lives import node_name

PERIOD_S = 60.0
VISIBLE_AFTER_S = 240.0
PAGE_POINTS = 10_000  # of one page; the API's maximum is 100,000
ASK_AGAIN_S = 20.0

Value = float | str | None


class Metric(NamedTuple):
    """Where a column comes from. A count becomes a rate by the seconds of its own interval."""

    type: str
    kind: Literal["gauge", "count"]


METRICS: dict[str, Metric] = {
    "cpu_ratio": Metric("compute.googleapis.com/instance/cpu/utilization", "gauge"),
    "net_rx_packets_s": Metric("compute.googleapis.com/instance/network/received_packets_count", "count"),
    "net_tx_packets_s": Metric("compute.googleapis.com/instance/network/sent_packets_count", "count"),
    "net_rx_bytes_s": Metric("compute.googleapis.com/instance/network/received_bytes_count", "count"),
    "net_tx_bytes_s": Metric("compute.googleapis.com/instance/network/sent_bytes_count", "count"),
    "disk_read_ops_s": Metric("compute.googleapis.com/instance/disk/read_ops_count", "count"),
    "disk_write_ops_s": Metric("compute.googleapis.com/instance/disk/write_ops_count", "count"),
    "disk_read_bytes_s": Metric("compute.googleapis.com/instance/disk/read_bytes_count", "count"),
    "disk_write_bytes_s": Metric("compute.googleapis.com/instance/disk/write_bytes_count", "count"),
}


@dataclass(frozen=True)
class NodeMetrics:
    """What was found: one row per node and minute, and one sentence for each thing that was not."""

    rows: list[dict[str, Value]]
    missing: list[str]


class _Point(NamedTuple):
    minute: int  # of its end, since the epoch
    end_s: float
    value: float  # a rate already, where it was a count


def collect(
    clients: Clients,
    cluster: str,
    vcpus: Mapping[str, int],
    begin_s: float,
    end_s: float,
    *,
    gone: Collection[str] = (),
    wait_s: float = VISIBLE_AFTER_S,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> NodeMetrics:
    """Metrics of every node between two Unix times: minutes of which at least half lies between them.

    Args:
        cluster: name of the Dataproc cluster; its instances are ``<cluster>-m``, ``-w-0``, ..., and ``-sw-...`` for spot.
        vcpus: vCPUs of each node that is expected, by our name of it (``m``, ``w-0``): what becomes of ``cpu_cores``.
        gone: nodes that are known not to have stood to the end: their last minute is not waited for.
        wait_s: how long to wait at most for the last minute of the others to become visible; not a second where it is.

    Raises:
        AccessError: the permission monitoring.timeSeries.list is missing.
        CloudError: Cloud Monitoring does not answer.
    """
    _wait_for_end(clients, cluster, set(vcpus) - set(gone), end_s, wait_s, sleep, now)
    found = {
        column: _by_node(_series(clients, metric, cluster, begin_s, end_s), cluster, metric)
        for column, metric in METRICS.items()
    }
    return NodeMetrics(_rows(found, vcpus), _missing(found, vcpus, begin_s, end_s))


def role(node: str, nodes: Mapping[str, int]) -> str:
    """``master``, ``worker``, or ``single`` for the one node of a cluster without workers."""
    return "single" if len(nodes) == 1 else "master" if node.startswith("m") else "worker"


def _wait_for_end(
    clients: Clients,
    cluster: str,
    nodes: set[str],
    end_s: float,
    wait_s: float,
    sleep: Callable[[float], None],
    now: Callable[[], float],
) -> None:
    """Wait until each node has a point of the last minute, or of the next: then no earlier one is still to come.

    The next minute's counts because the last one may have no point of its own: where less than a minute was asked for, or
    where Google left it out.
    """
    metric, waited = METRICS["cpu_ratio"], 0.0
    while True:
        until_s = max(end_s, min(end_s + PERIOD_S, now()))
        series = _series(clients, metric, cluster, end_s - PERIOD_S, until_s)
        if nodes <= _by_node(series, cluster, metric).keys() or waited >= wait_s:
            return
        sleep(min(ASK_AGAIN_S, wait_s - waited))
        waited += ASK_AGAIN_S


def _series(clients: Clients, metric: Metric, cluster: str, begin_s: float, end_s: float) -> list[Any]:
    from google.cloud import monitoring_v3

    request = monitoring_v3.ListTimeSeriesRequest(
        name=f"projects/{clients.project_id}",
        # One metric type a request (cloud.google.com/monitoring/api/v3/filters).
        filter=f'metric.type = "{metric.type}" AND resource.type = "gce_instance" '
        f'AND metric.labels.instance_name = starts_with("{cluster}-")',
        # Minutes of which at least half lies between begin and end. A point belongs to a request if its end does.
        interval={"start_time": _timestamp(begin_s + PERIOD_S / 2), "end_time": _timestamp(end_s + PERIOD_S / 2)},
        view=monitoring_v3.ListTimeSeriesRequest.TimeSeriesView.FULL,
        page_size=PAGE_POINTS,
    )
    return pages(clients.metrics.list_time_series, request, clients.backoff)


def _timestamp(seconds: float) -> dict[str, int]:
    whole = math.floor(seconds)
    return {"seconds": whole, "nanos": int((seconds - whole) * 1e9)}


def _by_node(series: list[Any], cluster: str, metric: Metric) -> dict[str, list[_Point]]:
    """Points of each node; an instance's several series (disks, load-balanced or not) are summed minute by minute."""
    sums: dict[str, dict[int, _Point]] = {}
    for one in series:
        node = node_name(one.metric.labels["instance_name"], cluster)
        if node is None:
            continue
        of_node = sums.setdefault(node, {})
        for minute, new in {p.minute: p for point in one.points if (p := _point(point, metric))}.items():
            old = of_node.get(minute)
            of_node[minute] = new._replace(value=new.value + old.value) if old else new
    return {node: sorted(points.values()) for node, points in sums.items()}


def _point(point: Any, metric: Metric) -> _Point | None:
    end_s = point.interval.end_time.timestamp()
    minute = math.floor(end_s / PERIOD_S + 0.5)
    value = point.value
    number = float(value.int64_value if value._pb.WhichOneof("value") == "int64_value" else value.double_value)
    if metric.kind == "gauge":
        return _Point(minute, end_s, number)
    length_s = end_s - point.interval.start_time.timestamp()
    return _Point(minute, end_s, number / length_s) if length_s > 0 else None


def _rows(found: Mapping[str, Mapping[str, list[_Point]]], vcpus: Mapping[str, int]) -> list[dict[str, Value]]:
    rows: dict[tuple[int, str], dict[str, Value]] = {}
    for column, nodes in found.items():
        for node, points in nodes.items():
            for point in points:
                row = rows.setdefault(
                    (point.minute, node), {"ts": point.end_s, "node": node, "role": role(node, vcpus)}
                )
                row["ts"] = max(float(row["ts"] or 0), point.end_s)
                row[column] = point.value
                if column == "cpu_ratio" and node in vcpus:
                    row["cpu_cores"] = point.value * vcpus[node]
    return [rows[key] for key in sorted(rows)]


def _missing(
    found: Mapping[str, Mapping[str, list[_Point]]], vcpus: Mapping[str, int], begin_s: float, end_s: float
) -> list[str]:
    """One sentence for each series that is not there, or has fewer points than minutes."""
    sentences = ["no cpu_throttled_ratio: Cloud Monitoring has no such metric"]
    minutes = max(1, int((end_s - begin_s) // PERIOD_S))
    for column, metric in METRICS.items():
        counts = {node: len(found[column].get(node, [])) for node in vcpus}
        where = ", ".join(node for node, count in counts.items() if not count)
        if where:
            which = "" if not any(counts.values()) else f" on {where}"
            sentences.append(f"no {column}{which}: Cloud Monitoring has no series {metric.type}")
        short = [f"{node} {minutes - count} of {minutes}" for node, count in counts.items() if 0 < count < minutes]
        if short:
            sentences.append(f"{column} has gaps, minutes without a point: {', '.join(short)}")
    return sentences
