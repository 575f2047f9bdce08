"""How often the interval of an expected loss holds the true one, on recorded runs: :mod:`analysis.search.workload_sets.set_loss`.

    .venv/bin/python -m tests.bench.bench_set_loss --data FOLDER

Draws sets of two to five workloads of a recording, searches each to its end, and looks up what every workload of it loses on
the chosen shape: within its interval, below it or above it (a run that fails there is above). Nominal: 90 %.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from analysis.search.core.problem import Objective
from analysis.search.core.recordings import Recording, load_recordings
from analysis.search.replay.follow import judgeable
from analysis.search.workload_sets.workload_set import SetSearch


def sides(recordings: list[Recording], objective: Objective, sets: int) -> list[int]:
    """For each workload of each set -1, 0 or 1: the true loss lies below its interval, in it, above it."""
    rng, found = np.random.default_rng(0), list[int]()
    for seed in range(sets):
        size = min(len(recordings), int(rng.integers(2, 6)))
        drawn = [recordings[i] for i in rng.choice(len(recordings), size, replace=False)]
        shapes = [n for n in drawn[0].candidates.names if all(n in r.candidates.names for r in drawn)]
        if len(shapes) < 3:
            continue
        places = [[r.candidates.names.index(name) for name in shapes] for r in drawn]
        outcomes = [r.outcomes[i] for r, at in zip(drawn, places, strict=True) for i in at]
        values = np.asarray([r.feasible_values(objective)[at] for r, at in zip(drawn, places, strict=True)])
        search = SetSearch([r.workload for r in drawn], shapes, objective, seed)
        while not search.stop():
            index = search.ask().index
            search.tell(index, outcomes[index])
        winner = search.winner()
        if winner is None or not np.isfinite(values).any(axis=1).all():
            continue
        true = (values[:, winner.index] / values.min(axis=1)).tolist()
        found += [
            int(t > loss.high + 1e-9) - int(t < loss.low - 1e-9) for loss, t in zip(winner.losses, true, strict=True)
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--recordings", default="scout_multinode,cherrypick,c3o,lumos")
    parser.add_argument("--sets", type=int, default=30)
    asked = parser.parse_args()
    print("| recording, objective | losses | in the interval | below | above |\n|---|---:|---:|---:|---:|")
    for name in asked.recordings.split(","):
        for objective in (Objective("cost"), Objective("time")):
            recordings, _ = load_recordings(asked.data / f"{name}.csv.gz", objective)
            found = np.asarray(sides(judgeable(recordings, objective)[0], objective, asked.sets))
            shares = " | ".join(f"{np.mean(found == side):.0%}" for side in (0, -1, 1))
            print(f"| {name}, {objective} | {len(found)} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
