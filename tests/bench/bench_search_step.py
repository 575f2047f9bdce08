"""Seconds of one step of ``bakeoff`` (ask, tell, stop) on made-up candidates.

    python -m tests.bench.bench_search_step [--candidates 150 10000] [--runs 15] [--past 0]

Prints the first step of the process (20 candidates), which loads libraries' tables, then one JSON object per list length. Making
the strategy is timed by itself: with a past, which it is judged on, it takes longer than a step.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

from analysis.search.core.problem import Candidates, Objective, Outcome, Past, Problem
from analysis.search.strategies.bakeoff import Bakeoff


def steps(n: int, runs: int, past: int, seed: int = 0) -> list[float]:
    """Seconds to make the strategy, and of each step, on n candidates with six features and so many past workloads."""
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
    candidates = Candidates(tuple(f"c{i}" for i in range(n)), frame, tuple(price.tolist()))

    def outcomes(power: float) -> dict[int, Outcome]:
        runtime_s = 3600 / (frame["nodes"] * frame["vcpus"]).to_numpy() ** power * np.exp(rng.normal(0, 0.2, n))
        return {
            i: Outcome("ok", {"runtime_s": float(t), "cost_usd": float(t / 3600 * usd)})
            for i, (t, usd) in enumerate(zip(runtime_s, price, strict=True))
        }

    history = [Past(f"w{w}", f"app{w % 8}", candidates, outcomes(rng.uniform(0.5, 1))) for w in range(past)]
    measured = outcomes(0.8)
    began = time.perf_counter()
    strategy = Bakeoff(Problem(candidates, Objective(), tuple(history)), seed)
    found = [time.perf_counter() - began]
    for _ in range(runs):
        began = time.perf_counter()
        index = strategy.ask().index
        strategy.tell(index, measured[index])
        strategy.stop()
        found.append(time.perf_counter() - began)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, nargs="+", default=[150, 10_000])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--past", type=int, default=0, help="past workloads, of 8 applications")
    asked = parser.parse_args()
    print(json.dumps({"first_of_process_s": sum(steps(20, 1, 0))}))
    for n in asked.candidates:
        made, first, *rest = steps(n, asked.runs, asked.past)
        times = {"made_s": made, "first_s": first, "median_s": float(np.median(rest)), "longest_s": max(rest)}
        print(json.dumps({"candidates": n, "past": asked.past, **times}))


if __name__ == "__main__":
    main()
