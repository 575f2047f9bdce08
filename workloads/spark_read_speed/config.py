"""Settings of ``spark_read_speed``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workloads.grid import ReadGrid

Variant = Literal["naive", "optimised"]


class SparkReadSpeedConfig(ReadGrid):
    """The grid, and how it is spread over the cluster."""

    variant: Variant = Field(
        default="optimised",
        description="naive: the study's first form, every average measures anew; "
        "optimised: explicit partitions sized to the cluster, results cached, one reader per partition",
    )
    partitions: int | None = Field(
        default=None, ge=1, le=10_000, description="of the optimised form; None: as many as the cluster has cores"
    )
    fetch_threads: int = Field(default=4, ge=1, le=64, description="image files that one task fetches at the same time")
    warm_up: bool = Field(default=True, description="read one batch on every core before anything is timed")
