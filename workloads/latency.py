"""Latency under an open-loop load: arrivals come when they are due, whether or not earlier ones have been answered.

Latency counts from the moment an arrival was due. A load that waits for answers before it sends more would slow down with
the system it measures, and leave out the very arrivals that suffer ("coordinated omission").
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

Arrivals = Literal["poisson", "uniform"]


class Percentiles(NamedTuple):
    """Latency percentiles, seconds."""

    p50_s: float
    p95_s: float
    p99_s: float


def percentiles(latencies_s: Sequence[float]) -> Percentiles:
    """By nearest rank: the smallest latency that so many per cent do not exceed. There is at least one latency."""
    ordered = sorted(latencies_s)
    return Percentiles(*(ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95, 0.99)))


def due_times(rate_s: float, duration_s: float, arrivals: Arrivals, seed: int) -> list[float]:
    """When arrivals are due, seconds from the beginning: exactly ``rate_s x duration_s`` of them, at least one.

    ``poisson``: independent of each other, as of many users: uniformly random moments, sorted. ``uniform``: at equal
    distances.
    """
    count = max(1, round(rate_s * duration_s))
    if arrivals == "uniform":
        return [index / rate_s for index in range(count)]
    draw = random.Random(seed)
    return sorted(draw.uniform(0, duration_s) for _ in range(count))


def rising(first_s: float, factor: float, steps: int) -> Iterator[float]:
    """Rates to step through, per second."""
    for step in range(steps):
        yield first_s * factor**step
