"""``bakeoff`` against every other strategy and against Optuna, scikit-optimize and SMAC3, on recorded runs.

    make bench-search DATA=/folder/with/recordings

Prints, per recording and objective, a table. A + marks where ``bakeoff`` is better, a - where it is worse, and the 95 % interval
of the paired difference excludes 0 (a bootstrap that draws applications, not workloads: workloads of one application are
not independent); ``--out`` keeps the intervals. "bakeoff, told K" stops for as many uses as regret is counted (``--uses``).
The peers have no stop rule: their totals are at the fixed number of runs that is best for them in hindsight. All are followed
for ``--runs`` runs: what comes within 10 % later counts as the list's length, for ours as for the peers. Results of one day
are in ``analysis/search/README.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.search.core.encoding import encode
from analysis.search.core.problem import Objective
from analysis.search.core.recordings import Recording, load_recordings
from analysis.search.replay import scores, tournament
from analysis.search.replay.follow import CHECKPOINTS, Trace, judgeable
from analysis.search.replay.scores import FACTORS, Score
from analysis.search.replay.split import select_split
from analysis.search.strategies.registry import STRATEGIES
from tests.bench.search_stops import play_bakeoff

PEERS = ("optuna-gp", "optuna-tpe", "scikit-optimize", "smac3")
CACHE = Path(".cache/bench-search")
BUDGETS = (4, 6, 8, 10, 12, 16, 20)
DRAWS = 4000


def peer_problem(recording: Recording, objective: Objective) -> dict[str, Any]:
    """Structured features and log values of one workload, as the peers' script reads them."""
    encoding = encode(recording.candidates)
    numbers = {c: encoding.matrix[:, k].tolist() for k, c in enumerate(encoding.columns) if "=" not in c}
    classes: dict[str, list[str]] = {}
    for name in dict.fromkeys(c.split("=")[0] for c in encoding.columns if "=" in c):
        columns = [k for k, c in enumerate(encoding.columns) if c.startswith(f"{name}=")]
        labels = [encoding.columns[k].split("=", 1)[1] for k in columns]
        classes[name] = [labels[i] for i in encoding.matrix[:, columns].argmax(axis=1)]
    values = [math.log(v) if math.isfinite(v) else None for v in recording.feasible_values(objective)]
    return {"numbers": numbers, "classes": classes, "values": values}


def play_peers(
    python: str, peers: list[str], judged: list[Recording], objective: Objective, seeds: int, runs: int
) -> dict[str, list[list[list[int]]]]:
    """Orders of runs per peer, workload and seed, from the peers' own environment; each peer's searches with one seed are kept
    in ``.cache/``, as they are slow."""
    script = Path(__file__).with_name("search_peers.py")
    problems = [peer_problem(r, objective) for r in judged]
    found: dict[str, list[list[list[int]]]] = {}
    for peer in peers:
        by_seed = []
        for seed in range(seeds):
            text = json.dumps({"problems": problems, "peer": peer, "seed": seed, "runs": runs})
            kept = CACHE / f"{hashlib.sha256((text + script.read_text()).encode()).hexdigest()[:16]}.json"
            if not kept.exists():
                done = subprocess.run([python, str(script)], input=text, stdout=subprocess.PIPE, text=True, check=True)
                CACHE.mkdir(parents=True, exist_ok=True)
                kept.write_text(done.stdout)
            by_seed.append(json.loads(kept.read_text())["orders"])
        found[peer] = [list(orders) for orders in zip(*by_seed, strict=True)]
    return found


def play_ours(
    name: str,
    path: Path,
    judged: list[Recording],
    recordings: list[Recording],
    objective: Objective,
    seeds: int,
    runs: int,
    history: bool = True,
) -> list[Score]:
    """One of our strategies, a score per workload. Raises SearchError if it cannot do without a past, and there is none.

    All but ``bakeoff`` are kept in ``.cache/``, by the recording and the source of the strategy and of what judges it.
    """
    source = b"".join(
        Path(inspect.getfile(of)).read_bytes() for of in (STRATEGIES[name], scores.score, load_recordings, judgeable)
    )
    asked = f"{name} {objective} {[r.workload for r in judged]} {seeds} {runs} {history}".encode()
    kept = CACHE / f"{hashlib.sha256(asked + source + path.read_bytes()).hexdigest()[:16]}.json"
    if name != "bakeoff" and kept.exists():
        return [Score(**row) for row in json.loads(kept.read_text())]
    result = tournament.play([name], judged, recordings, objective, seeds, history=history, followed=runs)
    found = [row.score for row in result.rows]
    if name != "bakeoff":
        CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([asdict(j) for j in found]))
    return found


def judge_peer(orders: list[list[int]], recording: Recording, objective: Objective) -> Score:
    """Over seeds; the stop is the one budget that makes search cost + K x regret least, for each K by itself."""
    known = recording.feasible_values(objective)
    traces = []
    for order in orders:
        paid = np.asarray([objective.value(recording.outcomes[i]) for i in order])
        traces.append(Trace(tuple(order), known[order], paid, len(order), "", 0.0))
    at = {
        b: scores.mean(
            [scores.score(replace(t, stopped_after=min(b, len(t.order))), recording, objective) for t in traces]
        )
        for b in BUDGETS
    }
    return replace(at[6], total_cost={f"{k}@{b}": at[b].total_cost[str(k)] for k in FACTORS for b in BUDGETS})


def settle(scored: list[Score]) -> list[Score]:
    """Every peer's budget in hindsight: the one with the least mean total, the same for all workloads."""
    best = {}
    for k in FACTORS:
        means = {b: float(np.mean([j.total_cost[f"{k}@{b}"] for j in scored])) for b in BUDGETS}
        best[k] = min(means, key=lambda b: means[b])
    return [replace(j, total_cost={str(k): j.total_cost[f"{k}@{best[k]}"] for k in FACTORS}) for j in scored]


def measures(found: Score) -> dict[str, float]:
    """What is compared, lower is better."""
    return {
        "runs to 10 %": found.runs_to_within_10pct,
        **{f"best after {c}": found.best_after[str(c)] for c in CHECKPOINTS},
        **{f"cost + {k} x regret": found.total_cost[str(k)] for k in FACTORS},
    }


MEASURES = ("runs to 10 %", *(f"best after {c}" for c in CHECKPOINTS), *(f"cost + {k} x regret" for k in FACTORS))


def paired(ours: list[Score], theirs: list[Score], apps: list[str]) -> dict[str, tuple[float, float, float]]:
    """Theirs less ours per measure: mean and 95 % interval over applications; above 0: ours is better."""
    rng = np.random.default_rng(0)
    names = sorted(set(apps))
    found = {}
    for measure in MEASURES:
        apart = np.asarray([measures(t)[measure] - measures(o)[measure] for o, t in zip(ours, theirs, strict=True)])
        by_app = np.asarray([apart[[a == name for a in apps]].mean() for name in names])
        drawn = by_app[rng.integers(0, len(names), (DRAWS, len(names)))].mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        found[measure] = (float(by_app.mean()), float(low), float(high))
    return found


def bench(
    path: Path,
    objective: Objective,
    strategies: list[str],
    peers: list[str],
    python: str,
    seeds: int,
    peer_seeds: int,
    runs: int,
    split: str,
) -> dict[str, Any]:
    """One recording and objective: means per strategy and peer, and paired differences."""
    recordings, _ = load_recordings(path, objective)
    judged, notes = judgeable(recordings, objective)
    everything, judged = judged, select_split(judged, split)
    by_name: dict[str, list[Score]] = {}
    for name in strategies:
        if name == "bakeoff":
            by_name[name], told = play_bakeoff(judged, recordings, objective, seeds, runs)
            by_name["bakeoff, no history"] = play_ours(name, path, judged, recordings, objective, seeds, runs, False)
            by_name["bakeoff, told K"] = told
        else:
            by_name[name] = play_ours(name, path, judged, recordings, objective, seeds, runs)
    orders = play_peers(python, peers, everything, objective, peer_seeds, runs) if peers else {}
    for peer in peers:
        of = dict(zip((r.workload for r in everything), orders[peer], strict=True))
        by_name[peer] = settle([judge_peer(of[r.workload], r, objective) for r in judged])
    labels = [r.app for r in judged]
    means = {
        name: {m: float(np.mean([measures(j)[m] for j in rows])) for m in MEASURES} for name, rows in by_name.items()
    }
    ours = by_name["bakeoff"]
    return {
        "recording": path.name,
        "objective": str(objective),
        "workloads": len(judged),
        "applications": len(set(labels)),
        "seeds": seeds,
        "peer_seeds": peer_seeds,
        "split": split,
        "notes": notes,
        "means": means,
        "paired": {name: paired(ours, rows, labels) for name, rows in by_name.items() if name != "bakeoff"},
    }


def marked(value: str, apart: tuple[float, float, float] | None) -> str:
    """A mean and whether ``bakeoff`` is better (+) or worse (-) beyond doubt: its interval excludes 0."""
    if apart is None or apart[1] <= 0 <= apart[2]:
        return value
    return f"{value} {'+' if apart[1] > 0 else '-'}"


def print_table(found: dict[str, Any]) -> None:
    """As Markdown."""
    counts = f"{found['workloads']} workloads, {found['applications']} applications, {found['seeds']} seeds"
    counts += f", {found['peer_seeds']} of the peers"
    print(f"\n### {found['recording']}, {found['objective']}: {counts}\n")
    print("| | " + " | ".join(MEASURES) + " |")
    print("|---|" + "---:|" * len(MEASURES))
    for name, means in found["means"].items():
        texts = {m: f"{means[m]:.3f}" if "best" in m else f"{means[m]:.3g}" for m in MEASURES}
        apart = found["paired"].get(name, {})
        print(f"| {name} | " + " | ".join(marked(texts[m], apart.get(m)) for m in MEASURES) + " |")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--recordings", default="scout_multinode,cherrypick")
    parser.add_argument("--objectives", default="cost,time")
    parser.add_argument("--strategies", default="bakeoff,cherrypick,ernest,paris,arrow,scout,micky,fixed,random")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--peers-python", default=".cache/bench-search-env/bin/python")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-seeds", type=int, help="searches per workload by the peers; default: as --seeds")
    parser.add_argument(
        "--runs",
        type=int,
        default=20,
        help="searches are followed so far; later counts as never (random: exact, unbounded)",
    )
    parser.add_argument("--split", default="all", help="judge: all, tuning or held-out (analysis.search.replay.split)")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    results = []
    for name in asked.recordings.split(","):
        for objective in asked.objectives.split(","):
            found = bench(
                asked.data / f"{name}.csv.gz",
                Objective(objective),
                asked.strategies.split(","),
                [p for p in asked.peers.split(",") if p],
                asked.peers_python,
                asked.seeds,
                asked.peer_seeds or asked.seeds,
                asked.runs,
                asked.split,
            )
            print_table(found)
            results.append(found)
    if asked.out:
        asked.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as ^C: the peers are stopped, and their files removed
    with tempfile.TemporaryDirectory(prefix="bench-search-") as scratch:
        os.environ["TMPDIR"] = scratch  # of the peers, too
        main()
