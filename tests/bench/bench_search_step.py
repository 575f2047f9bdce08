"""Seconds of one step of ``bakeoff`` (ask, tell, stop) on made-up candidates.

    python -m tests.bench.bench_search_step [--candidates 150 10000] [--runs 15]

Prints the first step of the process (20 candidates), which loads libraries' tables, then one JSON object per list length; the
first step of each search includes making the model.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

from analysis.search.bakeoff import Bakeoff
from analysis.search.problem import Candidates, Objective, Outcome, Problem


def steps(n: int, runs: int, seed: int = 0) -> list[float]:
    """Seconds of each step on n candidates with six features."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "nodes": rng.integers(2, 65, n),
            "vcpus": rng.choice([2, 4, 8, 16], n),
            "mem_gib": rng.choice([8.0, 16.0, 32.0, 64.0], n),
            "family": rng.choice(["a", "b", "c", "d"], n),
            "disk_type": rng.choice(["ssd", "hdd"], n),
            "disk_gb": rng.choice([100, 500, 1000], n),
        }
    )
    price = (frame["nodes"] * frame["vcpus"] * 0.05).to_numpy()
    runtime_s = 3600 / (frame["nodes"] * frame["vcpus"]).to_numpy() ** 0.8 * np.exp(rng.normal(0, 0.2, n))
    problem = Problem(Candidates(tuple(f"c{i}" for i in range(n)), frame, tuple(price.tolist())), Objective())
    found = []
    began = time.perf_counter()
    strategy = Bakeoff(problem, seed)
    for _ in range(runs):
        index = strategy.ask().index
        seconds = float(runtime_s[index])
        strategy.tell(index, Outcome("ok", {"runtime_s": seconds, "cost_usd": seconds / 3600 * float(price[index])}))
        strategy.stop()
        found.append(time.perf_counter() - began)
        began = time.perf_counter()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, nargs="+", default=[150, 10_000])
    parser.add_argument("--runs", type=int, default=15)
    asked = parser.parse_args()
    print(json.dumps({"first_of_process_s": steps(20, 1)[0]}))
    for n in asked.candidates:
        seconds = steps(n, asked.runs)
        first, rest = seconds[0], seconds[1:]
        print(
            json.dumps({"candidates": n, "first_s": first, "median_s": float(np.median(rest)), "longest_s": max(rest)})
        )


if __name__ == "__main__":
    main()
