"""The grid over which reading is measured, on one machine (read_speed) and on a cluster (spark_read_speed)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Annotated, Literal

from pydantic import Field

from workloads.contract import WorkloadConfig
from workloads.shards import ShardOptions

Format = Literal["image", "tfrecord"]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class ReadGrid(WorkloadConfig):
    """What is read, and over which grid: formats x batch sizes x batch counts x repetitions."""

    tfrecords_uri: str | None = Field(
        default=None, description="TFRecords to read; None: they are written to output_uri first, unless they are there"
    )
    formats: list[Format] = Field(default=["image", "tfrecord"], min_length=1)
    batch_sizes: list[Count] = Field(default=[16, 32, 64], min_length=1, description="images per batch")
    batch_counts: list[Count] = Field(default=[2, 4, 8], min_length=1, description="batches in one measurement")
    repetitions: int = Field(default=3, ge=1, le=1000, description="measurements of each point of the grid")
    decode: bool = Field(default=True, description="decode each image; False: only fetch its bytes")
    image_size: int = Field(default=192, ge=1, le=4096, description="edge of the square after decoding, pixels")
    seed: int = Field(default=0, description="order of the images, and of the measurements")
    shards: int = Field(default=16, ge=1, le=10_000, description="of TFRecords that are written first")
    jpeg_quality: int = Field(default=90, ge=1, le=95, description="of TFRecords that are written first")

    @property
    def shard_options(self) -> ShardOptions:
        return ShardOptions(self.image_size, self.jpeg_quality, self.seed)

    @property
    def points(self) -> list[Point]:
        """Every point of the grid, once."""
        return [Point(*each) for each in product(self.formats, self.batch_sizes, self.batch_counts)]


@dataclass(frozen=True)
class Point:
    """One point of the grid."""

    format: Format
    batch_size: int
    batch_count: int

    @property
    def images(self) -> int:
        return self.batch_size * self.batch_count
