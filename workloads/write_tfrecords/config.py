"""Settings of ``write_tfrecords``."""

from __future__ import annotations

from pydantic import Field

from workloads.contract import WorkloadConfig
from workloads.images import Resample
from workloads.shards import ShardOptions


class WriteTFRecordsConfig(WorkloadConfig):
    """Where the images are, and what is made of them."""

    partitions: int | None = Field(
        default=None, ge=1, le=10_000, description="tasks, and shards; None: as many as the cluster has executor cores"
    )
    image_size: int = Field(default=192, ge=1, le=4096, description="edge of the square that is written, pixels")
    jpeg_quality: int = Field(default=90, ge=1, le=95, description="quality of the written JPEGs")
    resample: Resample = Field(default="bicubic", description="filter of the resizing; box is the fastest")
    shuffle_seed: int | None = Field(default=0, description="order of the images; None: sorted by name, class by class")
    classes: list[str] | None = Field(
        default=None, min_length=1, description="classes in the order of their labels; None: those with images, sorted"
    )
    shard_prefix: str = Field(default="images", pattern=r"^[A-Za-z_-]*$", description="begins the name of every shard")
    fetch_threads: int = Field(default=8, ge=1, le=64, description="images that one task fetches at the same time")

    @property
    def shard_options(self) -> ShardOptions:
        return ShardOptions(self.image_size, self.jpeg_quality, self.shuffle_seed, self.shard_prefix, self.resample)
