"""Measurements with known effects: noise of a run time is log-normal, and each lease has its own luck."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.grid import OBSERVATION_COLUMNS

SIZES, COUNTS, REPETITIONS = (8, 16, 32, 64), (2, 4, 8), (1, 2, 3)


def grid(
    rng: np.random.Generator,
    *,
    leases: int = 1,
    runs_per_lease: int = 1,
    base: float = 200.0,
    slope: float = 0.5,
    noise: float = 10.0,
    lease_spread: float = 0.0,
    slope_spread: float = 0.0,
    noise_of_x: float = 0.0,
) -> pd.DataFrame:
    """Observations as of :func:`analysis.measures.grid.observations`: images/s = base of the lease + slope of it x batch_size.

    Args:
        noise: standard deviation of one measurement, images/s; ``noise_of_x`` adds this much per image of batch size.
        lease_spread: standard deviation of the level between leases, images/s.
        slope_spread: standard deviation of the slope between leases, images/s per image.
    """
    rows: list[dict[str, Any]] = []
    for lease in range(leases):
        level, steepness = base + lease_spread * rng.normal(), slope + slope_spread * rng.normal()
        for run in range(runs_per_lease):
            for size, count, repetition in itertools.product(SIZES, COUNTS, REPETITIONS):
                spread = noise + noise_of_x * size
                rows.append(
                    {
                        **{c.name: "" for c in OBSERVATION_COLUMNS if c.arrow_type == "string"},
                        "scenario": "four-small-ssd", "workload": "read_speed", "operation": "read", "format": "tfrecord",
                        "run": f"demo/{lease}-{run}", "lease": f"lease-{lease}", "batch_size": float(size),
                        "batch_count": float(count), "repetitions": float(repetition),
                        "data_size": float(size * count * repetition), "started_at": float(len(rows)),
                        "images_per_s": level + steepness * size + spread * rng.normal(),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows, columns=[c.name for c in OBSERVATION_COLUMNS])
