"""Settings of ``serve``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from workloads.contract import WorkloadConfig
from workloads.latency import Arrivals


class ServeConfig(WorkloadConfig):
    """Which model answers, and under which load."""

    model_uri: str | None = Field(
        default=None, description="output_uri of train; None: the folder 'train' beside output_uri, else random weights"
    )
    image_size: int = Field(default=96, ge=32, le=512, description="of a model with random weights, pixels")
    alpha: float = Field(default=0.35, description="of a model with random weights")
    batch_sizes: list[Annotated[int, Field(ge=1, le=1024)]] = Field(
        default=[1, 8], min_length=1, description="images in one request; each size is loaded in turn"
    )
    first_rate_s: float = Field(default=5, gt=0, le=100_000, description="requests per second of the first step")
    rate_factor: float = Field(default=1.5, gt=1, le=10, description="from a step to the next one")
    max_steps: int = Field(default=12, ge=1, le=100, description="steps, until one misses the goal")
    refinements: int = Field(default=2, ge=0, le=10, description="halvings of the interval between the last two steps")
    step_s: float = Field(default=5, gt=0, le=3600, description="length of a step")
    latency_goal_s: float = Field(default=0.2, gt=0, le=3600, description="that the 99th percentile must not exceed")
    arrivals: Arrivals = Field(default="poisson", description="poisson: independent; uniform: at equal distances")
    concurrency: int = Field(default=1, ge=1, le=256, description="requests that are computed at the same time")
    images: int = Field(default=64, ge=1, le=10_000, description="different images that requests are made of")
    threads: int | None = Field(default=None, ge=1, le=256, description="of TensorFlow; None: its default")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of arrivals and random weights")
