"""Our measurements for the study's claims on training: number, interval, and which way it points."""

from __future__ import annotations

import math

from analysis.measures import training
from analysis.measures.formats import plural
from analysis.records.runs import Runs
from analysis.study.claim_measure import ClaimMeasure, mean_difference, on_side, ratio, run_names
from analysis.study.regression import Regression


def mirrored_accuracy(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Validation accuracy of MirroredStrategy at the largest batch size less that at the smallest."""
    frame = training.finals(runs)
    frame = frame[(frame["strategy"] == "MirroredStrategy") & frame["validation_accuracy"].notna()]
    sizes = sorted(int(size) for size in frame["batch_size"].dropna().unique())
    if len(sizes) < 2:
        return ClaimMeasure(lacks="no training with MirroredStrategy at two batch sizes")
    sides = [frame[frame["batch_size"] == size] for size in (sizes[0], sizes[-1])]
    small, large = (side.groupby("lease")["validation_accuracy"].mean().astype(float) for side in sides)
    change = mean_difference(small, large)
    bounds = ""
    if change.low is not None and change.high is not None:
        bounds = f" (difference, 95 %: {change.low * 100:.1f} to {change.high * 100:.1f} points)"
    return ClaimMeasure(
        f"batch {sizes[0]}: {small.median():.1%}, batch {sizes[-1]}: {large.median():.1%}{bounds}",
        on_side(change.low, change.high, below=True, zero=0.0),
        "it points the same way where the accuracy clearly falls.", run_names(*sides), min(len(small), len(large)),
        () if sizes[-1] >= 512 else (f"a batch of 512 (here up to {sizes[-1]})",),
    )  # fmt: skip


def mirrored_time(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Time of a training with MirroredStrategy over that on one device, at every batch size that both have."""
    frame = training.finals(runs)
    frame = frame[frame["time_s"].notna()]
    ratios, used, fewest = [], [], 10**9
    for size, group in frame.groupby("batch_size"):
        one, many = (group[group["strategy"] == name] for name in ("OneDeviceStrategy", "MirroredStrategy"))
        if one.empty or many.empty:
            continue
        a, b = (of.groupby("lease")["time_s"].mean().astype(float).map(math.log) for of in (one, many))
        ratios.append((int(str(size)), mean_difference(a, b).through(math.exp)))
        used += [one, many]
        fewest = min(fewest, len(a), len(b))
    if not ratios:
        return ClaimMeasure(lacks="no training with both OneDeviceStrategy and MirroredStrategy at the same batch size")
    ways = [on_side(times.low, times.high, below=True) for _, times in ratios]
    said = "; ".join(f"batch {size}: {ratio(times.value, times.low, times.high)}" for size, times in ratios)
    agrees = False if False in ways else None if None in ways else True
    return ClaimMeasure(said, agrees, "below 1 the mirrored one is faster.", run_names(*used), fewest)


def multi_worker(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Whether trainings with MultiWorkerMirroredStrategy end well."""
    of = [(run, r) for run, r in runs.records.items() if r.configuration.get("strategy") == "multi_worker_mirrored"]
    if not of:
        return ClaimMeasure(lacks="no training with MultiWorkerMirroredStrategy")
    done = sum(r.status == "ok" for _, r in of)
    return ClaimMeasure(
        f"{done} of {plural(len(of), 'training')} completed", done == 0,
        "it completes here." if done else "it fails here as well; the reasons are under Validity.",
        tuple(run for run, _ in of), len({r.lease for _, r in of}),
    )  # fmt: skip
