"""A made-up recording whose optimum is known: run time follows size, memory and family, cost follows from it."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.search.core.problem import Candidates, Objective, Outcome, Problem
from analysis.search.core.recordings import Recording, load_recordings
from analysis.search.replay.follow import problem_for

SIZES = {"a.large": (2, 4.0, 0.10), "a.xlarge": (4, 8.0, 0.20), "b.large": (2, 16.0, 0.14), "b.xlarge": (4, 32.0, 0.28)}
NODES = (2, 4, 6, 8, 12, 16)
NEED_GIB = {"sort": 20.0, "join": 60.0, "rank": 120.0, "scan": 1.0}


def table(seed: int = 1, fail: bool = True, metrics: bool = True) -> pd.DataFrame:
    """Four applications with two inputs each, 24 configurations; the largest need fails on little memory."""
    rng = np.random.default_rng(seed)
    rows = []
    for app, need_gib in NEED_GIB.items():
        for scale, size in ((1.0, "small"), (2.0, "big")):
            for machine, (vcpus, mem_gib, price) in SIZES.items():
                for nodes in NODES:
                    cores, memory = vcpus * nodes, mem_gib * nodes
                    short = max(1.0, need_gib * scale / memory)
                    runtime_s = (20 + scale * 4000 / cores**0.9 + nodes) * short**0.8 * np.exp(rng.normal(0, 0.02))
                    ok = not (fail and short > 12)
                    row = {
                        "workload": f"{app}_{size}", "app": app, "instance_type": machine, "nodes": nodes, "vcpus": vcpus,
                        "mem_gib": mem_gib, "price_node_h": price, "completed": ok,
                        "runtime_s": runtime_s if ok else 7200.0 + rng.random(),
                    }  # fmt: skip
                    if metrics:
                        row |= {
                            "m_cpu_usr_pct": 90 / short,
                            "m_disk_util_pct": 100 * (1 - 1 / short),
                            "m_mem_pct": 100 / short,
                        }
                    rows.append(row)
    made = pd.DataFrame(rows)
    return made.assign(cost_usd=made["runtime_s"] / 3600 * made["price_node_h"] * made["nodes"])


def written(folder: Path, **options: bool) -> Path:
    """The table as a file."""
    path = folder / "recorded.csv.gz"
    table(**options).to_csv(path, index=False)
    return path


@functools.cache
def recordings(folder: Path, objective: Objective = Objective()) -> list[Recording]:  # noqa: B008 (frozen)
    """Read once per folder and objective."""
    return load_recordings(written(folder), objective)[0]


def problem(folder: Path, objective: Objective = Objective(), workload: int = 4) -> tuple[Problem, Recording]:  # noqa: B008
    """One workload with the other applications as its past, and what was recorded of it."""
    found = recordings(folder, objective)
    return problem_for(found[workload], found, objective), found[workload]


def candidates(**features: list[object]) -> Candidates:
    """Candidates from feature columns alone."""
    frame = pd.DataFrame(features)
    return Candidates(tuple(f"c{i}" for i in range(len(frame))), frame, tuple(1.0 + i for i in range(len(frame))))


def ran(runtime_s: float, usd_per_hour: float = 1.0) -> Outcome:
    """A run that ended well."""
    return Outcome("ok", {"runtime_s": runtime_s, "cost_usd": runtime_s / 3600 * usd_per_hour})
