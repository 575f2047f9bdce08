"""Settings of ``stream``."""

from __future__ import annotations

from pydantic import Field

from workloads.contract import WorkloadConfig
from workloads.latency import Arrivals


class StreamConfig(WorkloadConfig):
    """How images arrive, and what counts as keeping up. ``output_uri`` takes arrivals, results and TFRecords."""

    first_rate_s: float = Field(default=4, gt=0, le=100_000, description="images per second of the first step")
    rate_factor: float = Field(default=2, gt=1, le=10, description="from a step to the next one")
    max_steps: int = Field(default=4, ge=1, le=100, description="steps, until one is not kept up with")
    step_s: float = Field(default=10, gt=0, le=86_400, description="length of a step")
    latency_goal_s: float = Field(default=10, gt=0, le=3600, description="that the 95th percentile must not exceed")
    arrivals: Arrivals = Field(default="uniform", description="poisson: independent; uniform: at equal distances")
    trigger_s: float = Field(default=1, gt=0, le=3600, description="at least so long between two micro-batches")
    restarts: int = Field(
        default=1,
        ge=0,
        le=100,
        description="of the query, from its checkpoint: each in the midst of a step at the first rate, before those that count",
    )
    image_size: int = Field(default=192, ge=1, le=4096, description="edge of the square that is written, pixels")
    jpeg_quality: int = Field(default=90, ge=1, le=95, description="quality of the written JPEGs")
    images: int = Field(default=256, ge=1, le=100_000, description="different images that arrive, again and again")
    partitions: int | None = Field(
        default=None, ge=1, le=10_000, description="tasks of a micro-batch; None: the executors' cores"
    )
    upload_threads: int = Field(default=4, ge=1, le=64, description="images that the feeder uploads at the same time")
    journal_uri: str | None = Field(
        default=None,
        description="folder that Spark reads on every node, for the journal of arrivals; None: output_uri where Spark can "
        "read it, else BAKEOFF_NODE_DISK or the temporary folder",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of the order of the images, and of arrivals")
