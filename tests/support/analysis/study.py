"""Synthetic records in the shape of the study's parts, for tests of its figures, tables and claims. Every number is made up."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.support.analysis import factory


def speed_tests(runs_dir: Path, leases: int = 5, scenario: str = "eight-tiny-standard", **changes: Any) -> None:
    """spark_read_speed in both forms: TFRecord 20 times as fast as images; 100 s naive, 40 s optimised."""
    noise = random.Random(1)
    for lease in range(leases):
        for form, run_s in (("naive", 100.0), ("optimised", 40.0)):
            record = factory.run_json(
                scenario, "spark_read_speed", lease, lease=f"{lease:06x}", run_s=run_s * noise.uniform(0.97, 1.03),
                configuration={"variant": form}, cell=f"{scenario}-{form}-{lease}", **changes,
            )  # fmt: skip
            rows = [
                factory.measurement(
                    (40 if kind == "image" else 800) * (1 + slope * size / 16) * noise.uniform(0.95, 1.05),
                    format=kind, batch_size=size, batch_count=count, repetition=repetition, images=size * count,
                )
                for kind, slope in (("image", -0.1), ("tfrecord", 0.5))
                for size in (4, 8, 12, 16)
                for count in (1, 2, 4)
                for repetition in (0, 1)
            ]  # fmt: skip
            busy = 0.3 if form == "naive" else 1.0
            nodes = [{**row, "cpu_cores": row["cpu_cores"] * busy, "cpu_ratio": row["cpu_ratio"] * busy}
                     if row["cpu_ratio"] is not None else row
                     for row in factory.samples(record)]  # fmt: skip
            factory.write(runs_dir, record, measurements=rows, nodes=nodes, rejected=[])


def trainings(runs_dir: Path, leases: int = 5, strategies: tuple[str, ...] = ("one_device", "mirrored"),
              batches: tuple[int, ...] = (64, 256, 512), **changes: Any) -> None:  # fmt: skip
    """Three epochs each; accuracy falls by 5 points per doubling of the batch beyond 64 under mirrored."""
    noise = random.Random(2)
    for lease in range(leases):
        for strategy in strategies:
            for batch in batches:
                record = factory.run_json(
                    "one-large-ssd", "train", lease, lease=f"{lease:06x}",
                    run_s=(60 if strategy == "mirrored" else 90) * noise.uniform(0.98, 1.02),
                    configuration={"strategy": strategy, "batch_size": batch}, cell=f"{strategy}-{batch}-{lease}",
                    spark=None, run_s_source="job", **changes,
                )  # fmt: skip
                worse = 0.05 * (batch.bit_length() - 7) if strategy == "mirrored" else 0.0
                rows = [
                    factory.measurement(
                        50.0, operation="train" if split == "train" else "validate", format="tfrecord",
                        batch_size=batch, batch_count=None, repetition=None, epoch=epoch, split=split,
                        loss=1.6 / epoch + worse + noise.uniform(0, 0.02),
                        accuracy=0.9 - 0.4 / epoch - worse + noise.uniform(-0.01, 0.01),
                    )
                    for epoch in (1, 2, 3)
                    for split in ("train", "validation")
                ]  # fmt: skip
                factory.write(runs_dir, record, measurements=rows, nodes=factory.samples(record), rejected=[])
