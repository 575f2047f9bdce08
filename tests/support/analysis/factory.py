"""Synthetic records on disk, for tests of the analysis. Every number here is made up."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Isolation, NodeLimits, RunRecord, Scenario
from workloads.record.tables import MEASUREMENTS, NODES, write_table

START = 1_700_000_000.0  # unix s, of the first record
SHAPES: dict[str, Scenario] = {
    s.name: s
    for s in (
        Scenario(name="four-small-ssd", workers=4, machine_type="n1-standard-2", master_machine_type="n1-standard-2",
                 disk_type="pd-ssd", disk_gb=100),
        Scenario(name="one-large-ssd", workers=0, machine_type="n1-standard-8", master_machine_type="n1-standard-8",
                 disk_type="pd-ssd", disk_gb=100),
        Scenario(name="eight-tiny-standard", workers=8, machine_type="n1-standard-1",
                 master_machine_type="n1-standard-1", disk_type="pd-standard", disk_gb=100),
    )
}  # fmt: skip
PRICE = {"four-small-ssd": 0.62, "one-large-ssd": 0.49, "eight-tiny-standard": 0.55}  # USD/h
FULL = Isolation(mode="namespaces", cpu="cgroup-v1", memory="cgroup-v1", network="netns", disk="cgroup-v1")
NONE = Isolation(mode="none", cpu=None, memory=None, network=None, disk=None,
                 missing=["CPU is not limited: this needs root."])  # fmt: skip


def nodes_of(scenario: Scenario, *, share: float = 0.15, limited: bool = True) -> list[NodeLimits]:
    names = ["m", *(f"w-{i}" for i in range(scenario.workers))]
    vcpus = int(scenario.machine_type.rsplit("-", 1)[1])
    return [
        NodeLimits(
            node=name, role="single" if scenario.workers == 0 else "master" if name == "m" else "worker",
            address=f"10.0.0.{10 + i}", machine_type=scenario.machine_type, nominal_vcpus=vcpus,
            nominal_memory_gb=3.75 * vcpus, actual_cores=vcpus * share if limited else None,
            actual_memory_mb=1024 if limited else None, nominal_disk_read_mb_s=48.0, nominal_disk_read_iops=3000.0,
            actual_disk_read_mb_s=7.2 if limited else None, actual_disk_write_mb_s=7.2 if limited else None,
            actual_disk_read_iops=450.0 if limited else None, actual_disk_write_iops=450.0 if limited else None,
            actual_network_mbit_s=300.0 if limited else None,
            probed_disk_read_mb_s=7.0 + 0.05 * i if limited else None,
            probed_disk_read_iops=441.0 + 3 * i if limited else None,
        )
        for i, name in enumerate(names)
    ]  # fmt: skip


def run_json(
    scenario: str = "four-small-ssd",
    workload: str = "write_tfrecords",
    repeat: int = 0,
    *,
    lease: str | None = None,
    run_s: float | None = 40.0,
    status: str = "ok",
    share: float | None = 0.15,
    isolation: Isolation = FULL,
    configuration: Mapping[str, object] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """``run.json`` as plain types, already validated against the schema."""
    shape = SHAPES[scenario]
    begin = START + 200.0 * repeat
    spark = workload != "read_speed"
    limited = isolation.cpu is not None
    record: dict[str, Any] = {
        "schema_version": 2, "cell": f"{scenario}-{workload}-{repeat}", "experiment": "demo", "target": "local",
        "lease": lease or "a" + scenario[:5].replace("-", "0"), "scenario": shape.model_dump(), "workload": workload,
        "configuration": dict(configuration or {"image_size": 192}), "repeat": repeat, "attempt": 0,
        "repeat_level": "attempt", "status": status,
        "reason": None if status == "ok" else "the job ended with exit code 1",
        "started_at": _iso(begin), "ended_at": _iso(begin + 70), "isolation": isolation.model_dump(),
        "nodes": [n.model_dump() for n in nodes_of(shape, share=share or 0.15, limited=limited)],
        "local_cores_per_vcpu": share,
        "stages": {
            "apply_s": 15.5 if repeat == 0 else None, "load_data_s": 3.1 if repeat == 0 else None, "submit_s": 6.0,
            "run_s": run_s, "finish_s": 1.5, "collect_s": 0.8,
        },
        "run_s_source": None if run_s is None else "event_log" if spark else "job",
        "spark": {
            "application_id": f"app-{repeat}", "jobs": 1, "stages": 2, "tasks": 32, "tasks_failed": 0, "executors": 4,
            "executor_run_s": 120.0, "executor_cpu_s": 80.0, "gc_s": 2.0, "input_bytes": 0, "input_records": 0,
            "output_bytes": 0, "output_records": 0, "shuffle_read_bytes": 2048, "shuffle_write_bytes": 2048,
            "spilled_bytes": 0, "first_task_at": begin + 6.0, "last_task_at": begin + 6.0 + (run_s or 0),
        } if spark else None,
        "usd_per_hour": PRICE[scenario], "cost_usd": None if run_s is None else PRICE[scenario] * run_s / 3600,
        "missing": [], "git_revision": "0123456789abcdef", "git_dirty": False,
        "packages": {"pyspark": "3.5.9", "numpy": "2.4.1"},
        "host": {"cpu": "synthetic <host> & co", "cores": 2, "memory_gb": 8.0, "kernel": "6.1"},
        "dataset": {"name": "synthetic", "images": 300},
    }  # fmt: skip
    record.update(changes)
    RunRecord.model_validate(record)
    return record


def measurement(images_per_s: float, images: int = 300, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "operation": "read", "format": "image", "source": "bucket", "cache": "unknown", "batch_size": 16,
        "batch_count": 4, "repetition": 0, "started_at": START, "duration_s": images / images_per_s, "images": images,
        "images_rejected": 0, "bytes_read": images * 62_000, "bytes_written": 0, "images_per_s": images_per_s,
    }  # fmt: skip
    return {**row, **changes}


def samples(
    record: Mapping[str, Any], *, seconds: int | None = None, drop: frozenset[int] = frozenset()
) -> list[dict[str, Any]]:
    """One row per node and second from submission on; seconds in ``drop`` are missing."""
    begin = START + 200.0 * record["repeat"]
    length = seconds if seconds is not None else int(6 + (record["stages"]["run_s"] or 30) + 2)
    limited = record["isolation"]["cpu"] is not None
    rows = []
    for index, node in enumerate(record["nodes"]):
        cores = node["nominal_vcpus"] * 0.15
        for t in range(1, length + 1):
            if t in drop:
                continue
            wave = 0.5 + 0.5 * math.sin(t / 5 + index)
            busy = (
                (0.35 + 0.5 * wave if node["role"] != "master" else 0.15 + 0.1 * wave) if t > 6 else 0.08 + 0.02 * index
            )
            rows.append(
                {
                    "ts": begin + t, "node": node["node"], "role": node["role"], "cpu_cores": busy * cores,
                    "cpu_ratio": busy if limited else None, "cpu_throttled_ratio": 0.4 * busy if limited else None,
                    "mem_bytes": 4e8 + 1e6 * t, "net_rx_packets_s": 900 * busy, "net_tx_packets_s": 500 * busy,
                    "net_rx_bytes_s": 1e6 * busy, "net_tx_bytes_s": 2e5 * busy, "disk_read_ops_s": 60 * wave,
                    "disk_write_ops_s": 20 * wave, "disk_read_bytes_s": 5e5 * wave, "disk_write_bytes_s": 2e5 * wave,
                }
            )  # fmt: skip
    return rows


def write(
    runs_dir: Path,
    record: Mapping[str, Any],
    *,
    measurements: list[dict[str, Any]] | None = None,
    nodes: list[dict[str, Any]] | None = None,
    rejected: list[dict[str, str]] | None = None,
) -> Path:
    """Write one record; without ``rejected`` it has no summary. Returns its directory."""
    directory: Path = runs_dir / record["experiment"] / record["cell"]
    directory.mkdir(parents=True)
    (directory / "run.json").write_text(json.dumps(record))
    write_table(directory, MEASUREMENTS, MEASUREMENT_COLUMNS, measurements or [])
    write_table(directory, NODES, NODE_COLUMNS, nodes or [])
    if rejected is not None:
        summary = {
            "workload": record["workload"], "status": "ok", "items_in": 300, "items_out": 300 - len(rejected),
            "items_rejected": len(rejected), "rejected": rejected, "started_at": START, "ended_at": START + 40,
        }  # fmt: skip
        (directory / "summary.json").write_text(json.dumps(summary))
    return directory


def demo(
    runs_dir: Path,
    scenarios: tuple[str, ...] = ("four-small-ssd", "one-large-ssd"),
    repeats: int = 3,
    **changes: Any,
) -> None:
    """Both workloads on each scenario: write_tfrecords takes 40 + 2 x repeat s on the first, 10 s less on each next."""
    for index, scenario in enumerate(scenarios):
        for repeat in range(repeats):
            record = run_json(scenario, "write_tfrecords", repeat, run_s=40.0 + 2 * repeat - 10 * index, **changes)
            rows = [measurement(300 / record["stages"]["run_s"], operation="write", format="tfrecord")]
            write(runs_dir, record, measurements=rows, nodes=samples(record), rejected=[])
            record = run_json(scenario, "read_speed", repeat, run_s=50.0 + repeat + 3 * index, **changes)
            rows = [
                measurement(rate * (1 + 0.05 * repeat + 0.1 * index),
                            format=kind, source=source, cache=cache, batch_size=size)
                for kind, source, cache, rate in (
                    ("image", "bucket", "unknown", 90.0), ("tfrecord", "bucket", "unknown", 4200.0),
                    ("image", "staged", "cold", 110.0), ("tfrecord", "staged", "cold", 2100.0),
                )
                for size in ((16, 32) if source == "bucket" else (16,))  # one grid is enough for figures and fits
            ]  # fmt: skip
            write(runs_dir, record, measurements=rows, nodes=samples(record), rejected=[])


def _iso(unix_s: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(unix_s, UTC).isoformat()
