"""Settings of ``read_speed``."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import Field

from workloads.contract import WorkloadConfig
from workloads.shards import ShardOptions

Format = Literal["image", "tfrecord"]
Source = Literal["bucket", "staged"]
Cache = Literal["cold", "warm"]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class ReadSpeedConfig(WorkloadConfig):
    """What is read, from where, and over which grid: formats x sources x caches x batch sizes x batch counts."""

    tfrecords_uri: str | None = Field(
        default=None, description="TFRecords to read; None: they are written to output_uri first, unless they are there"
    )
    formats: list[Format] = Field(default=["image", "tfrecord"], min_length=1)
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
    batch_sizes: list[Count] = Field(default=[16, 32, 64], min_length=1, description="images per batch")
    batch_counts: list[Count] = Field(default=[2, 4, 8], min_length=1, description="batches in one measurement")
    repetitions: int = Field(default=3, ge=1, le=1000, description="measurements of each point of the grid")
    decode: bool = Field(default=True, description="decode each image; False: only fetch its bytes")
    image_size: int = Field(default=192, ge=1, le=4096, description="edge of the square after decoding, pixels")
    concurrency: int | None = Field(
        default=None, ge=1, le=256, description="images in work at the same time; None: one per core"
    )
    seed: int = Field(default=0, description="order of the images, and of the measurements")
    shards: int = Field(default=16, ge=1, le=10_000, description="of TFRecords that are written first")
    jpeg_quality: int = Field(default=90, ge=1, le=95, description="of TFRecords that are written first")
    staging_folder: str | None = Field(default=None, description="None: the environment's BAKEOFF_NODE_DISK")

    @property
    def threads(self) -> int:
        return self.concurrency or os.cpu_count() or 1

    @property
    def shard_options(self) -> ShardOptions:
        return ShardOptions(self.image_size, self.jpeg_quality, self.seed)
