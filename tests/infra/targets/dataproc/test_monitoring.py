"""Node metrics from a fake Cloud Monitoring: rates by hand, gaps, missing series, and every page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from infra.base.errors import AccessError
from infra.records import frames
from infra.targets.dataproc import monitoring
from infra.targets.dataproc.monitoring import METRICS, NodeMetrics, collect
from infra.targets.google.lives import node_name
from tests.support.google.cloud import Cloud
from tests.support.google.jobs import Clock
from tests.support.google.server import Refusal
from workloads.record.tables import NODES, read_table

BEGIN = 1_795_536_000.0  # a full minute
MINUTES = 5
CLUSTER = "bakeoff-abc123"
VCPUS = {"m": 2, "w-0": 4, "w-1": 4}


def later() -> float:
    """Long after: a point may be asked for that ends after the attempt."""
    return BEGIN + 3600


def points(value: float, minutes: Iterable[int] = range(MINUTES)) -> list[tuple[float, float, float]]:
    return [(BEGIN + 60 * i, BEGIN + 60 * (i + 1), value) for i in minutes]


def fill(cloud: Cloud, without: str = "", minutes: Iterable[int] = range(MINUTES)) -> None:
    """Every metric of three nodes; two disks a node."""
    for node in VCPUS:
        instance = f"{CLUSTER}-{node}"
        for metric in METRICS.values():
            if metric.type == without:
                continue
            if metric.kind == "count":
                for device in ("boot", "data") if "/disk/" in metric.type else ("",):
                    cloud.monitoring.add(metric.type, instance, points(600, minutes), integer=True, device_name=device)
            else:
                cloud.monitoring.add(metric.type, instance, points(0.5, minutes))


def collected(cloud: Cloud, **options: Any) -> NodeMetrics:
    clock = Clock()
    return collect(cloud.clients, CLUSTER, VCPUS, BEGIN, BEGIN + 60 * MINUTES, sleep=clock.sleep, now=later, **options)


def test_rows_by_hand(cloud: Cloud) -> None:
    fill(cloud)
    cloud.monitoring.add(METRICS["cpu_ratio"].type, f"{CLUSTER}2-m", points(0.9))  # another cluster's
    found = collected(cloud)
    assert len(found.rows) == MINUTES * 3
    assert {row["node"] for row in found.rows} == set(VCPUS)
    row = next(r for r in found.rows if r["node"] == "w-0" and r["ts"] == BEGIN + 60)
    assert row == {
        "ts": BEGIN + 60,
        "node": "w-0",
        "role": "worker",
        "cpu_ratio": 0.5,
        "cpu_cores": 2.0,
        **{column: 10.0 for column in METRICS if column.startswith("net_")},
        **{column: 20.0 for column in METRICS if column.startswith("disk_")},  # two disks, 600 a minute each
    }
    assert found.missing == ["no cpu_throttled_ratio: Cloud Monitoring has no such metric"]


def test_every_page_is_read(cloud: Cloud) -> None:
    fill(cloud)
    assert cloud.monitoring.page_size < len(VCPUS)
    found = collected(cloud)
    assert cloud.failures.calls["ListTimeSeries"] > 2 * len(METRICS)
    assert all(row["disk_write_bytes_s"] == 20.0 for row in found.rows)


def test_a_gap_stays_a_gap(cloud: Cloud) -> None:
    fill(cloud, without=METRICS["net_rx_packets_s"].type)
    for node in VCPUS:
        kept = [p for p in points(600) if p[0] != BEGIN + 120]
        cloud.monitoring.add(METRICS["net_rx_packets_s"].type, f"{CLUSTER}-{node}", kept, integer=True)
    found = collected(cloud)
    without = [row for row in found.rows if "net_rx_packets_s" not in row]
    assert [row["ts"] for row in without] == [BEGIN + 180] * 3
    assert all(row["cpu_ratio"] == 0.5 for row in without)
    assert "net_rx_packets_s has gaps, minutes without a point: m 1 of 5, w-0 1 of 5, w-1 1 of 5" in found.missing


def test_a_rate_is_by_the_points_own_interval(cloud: Cloud) -> None:
    fill(cloud, without=METRICS["net_tx_bytes_s"].type)
    late = [(BEGIN + 30, BEGIN + 60, 600.0), *points(600, range(1, MINUTES))]
    cloud.monitoring.add(METRICS["net_tx_bytes_s"].type, f"{CLUSTER}-m", late, integer=True)
    rates = {row["ts"]: row["net_tx_bytes_s"] for row in collected(cloud).rows if row["node"] == "m"}
    assert rates[BEGIN + 60] == 20.0 and rates[BEGIN + 120] == 10.0


@pytest.mark.parametrize("column", [c for c in METRICS if c != "cpu_ratio"])
def test_a_missing_series_is_null_and_said(cloud: Cloud, column: str, tmp_path: Path) -> None:
    fill(cloud, without=METRICS[column].type)
    found = collected(cloud)
    assert all(column not in row for row in found.rows)
    assert any(s.startswith(f"no {column}: Cloud Monitoring has no series") for s in found.missing)
    lines = tmp_path / "nodes.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in found.rows))
    counts = frames.write_nodes(lines, tmp_path, BEGIN, BEGIN + 60 * MINUTES)
    assert counts == dict.fromkeys(VCPUS, MINUTES)
    table = read_table(tmp_path, NODES)
    assert table.column(column).null_count == len(found.rows)


def test_a_node_without_any_series_is_named(cloud: Cloud) -> None:
    fill(cloud)
    cloud.monitoring.series = [
        s for s in cloud.monitoring.series if not s.resource.labels["instance_id"].endswith("w-1")
    ]
    found = collected(cloud)
    assert "no cpu_ratio on w-1: Cloud Monitoring has no series compute.googleapis.com/instance/cpu/utilization" in (
        found.missing
    )


def test_no_series_at_all_gives_no_rows(cloud: Cloud) -> None:
    found = collected(cloud)
    assert found.rows == []
    assert len(found.missing) == 1 + len(METRICS)


def test_the_last_minute_is_waited_for(cloud: Cloud) -> None:
    fill(cloud, minutes=range(MINUTES - 1))
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now == 1040:
            cloud.monitoring.series.clear()
            fill(cloud)

    found = collect(cloud.clients, CLUSTER, VCPUS, BEGIN, BEGIN + 60 * MINUTES, sleep=sleep, now=later)
    assert clock.now == 1040 and len(found.rows) == MINUTES * 3


def test_a_short_attempt_waits_for_no_minute_that_is_not_its_own(cloud: Cloud) -> None:
    """Of 20 s no minute may have its end within; the next minute's point says that there is nothing to wait for."""
    fill(cloud)
    clock = Clock()
    end = BEGIN + 60 * (MINUTES - 1) - 35
    found = collect(cloud.clients, CLUSTER, VCPUS, end - 20, end, sleep=clock.sleep, now=later)
    assert found.rows == []
    assert clock.now == 1000


def test_a_minute_that_google_left_out_is_not_waited_for_once_the_next_is_there(cloud: Cloud) -> None:
    fill(cloud, minutes=[minute for minute in range(MINUTES) if minute != MINUTES - 2])
    clock = Clock()
    found = collect(cloud.clients, CLUSTER, VCPUS, BEGIN, BEGIN + 60 * (MINUTES - 1), sleep=clock.sleep, now=later)
    assert len(found.rows) == (MINUTES - 2) * 3
    assert clock.now == 1000


def test_a_node_that_is_gone_is_not_waited_for(cloud: Cloud) -> None:
    fill(cloud)
    vcpus, clock = {**VCPUS, "sw-ab12": 2}, Clock()
    cpu = METRICS["cpu_ratio"].type
    cloud.monitoring.add(cpu, f"{CLUSTER}-sw-ab12", points(0.5, range(2)))
    found = collect(
        cloud.clients, CLUSTER, vcpus, BEGIN, BEGIN + 60 * MINUTES, gone={"sw-ab12"}, sleep=clock.sleep, now=later
    )  # fmt: skip
    assert clock.now == 1000
    assert [row["cpu_cores"] for row in found.rows if row["node"] == "sw-ab12"] == [1.0, 1.0]
    collect(cloud.clients, CLUSTER, vcpus, BEGIN, BEGIN + 60 * MINUTES, sleep=clock.sleep, now=later)
    assert clock.now == 1000 + monitoring.VISIBLE_AFTER_S


def test_and_not_for_ever(cloud: Cloud) -> None:
    fill(cloud, minutes=range(MINUTES - 1))
    clock = Clock()
    found = collect(cloud.clients, CLUSTER, VCPUS, BEGIN, BEGIN + 60 * MINUTES, sleep=clock.sleep, now=later)
    assert clock.now == 1000 + monitoring.VISIBLE_AFTER_S
    assert len(found.rows) == (MINUTES - 1) * 3
    assert "net_rx_bytes_s has gaps, minutes without a point: m 1 of 5, w-0 1 of 5, w-1 1 of 5" in found.missing


def test_permission_denied(cloud: Cloud) -> None:
    refusal = Refusal("PERMISSION_DENIED", "no", "IAM_PERMISSION_DENIED", permission="monitoring.timeSeries.list")
    cloud.failures.add("ListTimeSeries", refusal)
    with pytest.raises(AccessError, match=r"monitoring\.timeSeries\.list"):
        collected(cloud)


def test_a_refusal_on_a_later_page_is_ours_too(cloud: Cloud) -> None:
    fill(cloud)
    cloud.failures.add("ListTimeSeries", Refusal("PERMISSION_DENIED", "no"), passing=1)
    with pytest.raises(AccessError):
        collected(cloud)


@pytest.mark.parametrize(
    ("instance", "node"),
    [
        ("bakeoff-abc123-m", "m"),
        ("bakeoff-abc123-w-0", "w-0"),
        ("bakeoff-abc123-w-12", "w-12"),
        ("bakeoff-abc123-sw-x1y2", "sw-x1y2"),
        ("bakeoff-abc1234-m", None),
        ("bakeoff-abc123-2-m", None),
        ("other", None),
    ],
)
def test_node_names(instance: str, node: str | None) -> None:
    assert node_name(instance, CLUSTER) == node
