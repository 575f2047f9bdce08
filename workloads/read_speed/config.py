"""Settings of ``read_speed``."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field

from workloads.grid import ReadGrid

Source = Literal["bucket", "staged"]
Cache = Literal["cold", "warm"]


class ReadSpeedConfig(ReadGrid):
    """The grid, and from where: sources x caches."""

    sources: list[Source] = Field(
        default=["bucket"],
        min_length=1,
        description="bucket: images_uri itself; staged: copied to the node's disk first",
    )
    caches: list[Cache] = Field(
        default=["cold"],
        min_length=1,
        description="staged only; cold: evicted from memory just before; warm: just read",
    )
    processes: int | None = Field(
        default=None, ge=1, le=256, description="processes that share every batch; None: one per core"
    )
    concurrency: int = Field(
        default=4, ge=1, le=64, description="image files that one process fetches at the same time"
    )
    warm_up_batches: int = Field(
        default=1, ge=0, le=1000, description="batches read of each format and source before anything is timed"
    )
    staging_folder: str | None = Field(default=None, description="None: the environment's BAKEOFF_NODE_DISK")

    @property
    def readers(self) -> int:
        return self.processes or os.cpu_count() or 1
