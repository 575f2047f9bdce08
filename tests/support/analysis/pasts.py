"""Made-up past workloads of several applications on one list of machines: alike, or each with a best of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.search.core.problem import Candidates, Objective, Outcome, Past

COUNT = 12
TIME = Objective("time")
JAGGED_S = np.random.default_rng(5).permutation(np.geomspace(50, 400, COUNT))  # follows no feature


def machines(count: int = COUNT) -> Candidates:
    return Candidates(tuple(f"m{i}" for i in range(count)), pd.DataFrame({"vcpus": [2.0 + i for i in range(count)]}))


def past(app: str, runtime_s: np.ndarray, failed: tuple[int, ...] = ()) -> Past:
    outcomes = {i: Outcome("failed" if i in failed else "ok", {"runtime_s": float(v)}) for i, v in enumerate(runtime_s)}
    return Past(f"{app}-w", app, machines(len(runtime_s)), outcomes)


def alike(apps: int, spread: float = 0.02) -> tuple[Past, ...]:
    rng = np.random.default_rng(1)
    return tuple(past(f"app{a}", JAGGED_S * np.exp(rng.normal(0, spread, COUNT))) for a in range(apps))


def unlike(apps: int) -> tuple[Past, ...]:
    """Each has a best of its own, half of what all others take there."""
    return tuple(past(f"app{a}", np.where(np.arange(COUNT) == a, 50.0, 100.0)) for a in range(apps))
