"""Twice the workers at the same share per vCPU, cores to spare: images/s of write_tfrecords and spark_read_speed.

Clusters of two and of four workers of 2 vCPUs on the local target, each vCPU 0.15 of a core (1.2 cores at work at most), one
experiment in randomised blocks, so that a drift of the machine falls on both alike.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from infra.base.options import Options
from infra.base.progress import Silent
from infra.inputs.experiment import DataSpec, Experiment, WorkloadSpec
from infra.measure.bench import bench
from infra.measure.rows import Row
from tests.bench.harness import RUNS, Result, interval
from workloads.record import Scenario, Summary
from workloads.record.tables import MEASUREMENTS, read_table

CORES_PER_VCPU = 0.15  # half a core of two is left to the object store, the drivers and the sampler
WORKERS = (2, 4)
# 96 units of the same work, which eight cores share as evenly as four.
GRID: dict[str, object] = {"batch_sizes": [8], "batch_counts": [2], "repetitions": 96, "formats": ["image"]}
WORKLOADS = ("write_tfrecords", "spark_read_speed")


def measure(folder: Path) -> list[Result]:
    """Two bars: >= 1.7 each."""
    names = [f"bench-{workers}-workers" for workers in WORKERS]
    shapes = [
        Scenario(
            name=name,
            workers=workers,
            machine_type="n1-standard-2",
            master_machine_type="n1-standard-2",
            disk_type="pd-ssd",
            disk_gb=200,
        )
        for name, workers in zip(names, WORKERS, strict=True)
    ]
    experiment = Experiment(
        name="bench-scale",
        scenarios=names,
        repeats=RUNS,
        timeout_s=300,
        data=DataSpec(count=400),
        workloads=[
            WorkloadSpec(name="write_tfrecords", config={"partitions": 16}),
            WorkloadSpec(name="spark_read_speed", config=GRID),
        ],
    )
    options = Options(folder / "runs", local_cores_per_vcpu=CORES_PER_VCPU)
    rows = bench(experiment, options, Silent(), scenarios={shape.name: shape for shape in shapes})
    if bad := [row for row in rows if row.status != "ok"]:
        raise RuntimeError(f"{len(bad)} runs did not end well, the first: {bad[0].status}: {bad[0].reason}")
    return [_result(workload, names, rows) for workload in WORKLOADS]


def _result(workload: str, names: list[str], rows: list[Row]) -> Result:
    rates = {
        name: [
            _images_per_s(row)
            for row in sorted(rows, key=lambda row: row.repeat)
            if row.scenario == name and row.workload == workload
        ]
        for name in names
    }
    ratios = [many / few for few, many in zip(*rates.values(), strict=True)]
    low, high = interval(ratios)
    return Result(
        f"{workload}: {WORKERS[1]} workers / {WORKERS[0]} workers",
        statistics.median(ratios),
        low,
        high,
        at_least=1.7,
        runs=RUNS,
        rates={name: statistics.median(values) for name, values in rates.items()},
    )


def _images_per_s(row: Row) -> float:
    """In steady state: from the first task's start to the last one's end, by the workload's own clock."""
    assert row.record is not None
    folder = Path(row.record)
    if row.workload == "write_tfrecords":
        summary = Summary.model_validate_json((folder / "summary.json").read_bytes())
        return float(str(summary.facts["steady_images_per_s"]))
    reads = [one for one in read_table(folder, MEASUREMENTS).to_pylist() if one["operation"] == "read"]
    ended = max(one["started_at"] + one["duration_s"] for one in reads)
    return float(sum(one["images"] for one in reads) / (ended - min(one["started_at"] for one in reads)))
