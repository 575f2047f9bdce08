"""Trainings: accuracy and loss per epoch, and how each ended (the study's figures 7 to 9 and its table 2)."""

from __future__ import annotations

import pandas as pd

from analysis.records.runs import Runs
from analysis.records.variants import variant_labels

STRATEGIES = {
    "one_device": "OneDeviceStrategy",
    "mirrored": "MirroredStrategy",
    "multi_worker_mirrored": "MultiWorkerMirroredStrategy",
}
"""TensorFlow's name for each value of the setting ``strategy``, in the study's order."""

KEYS = ("run", "lease", "scenario", "workload", "strategy", "batch_size", "setting")
"""Columns of both frames, which say what was trained. ``batch_size`` is in images per update, over all replicas; ``setting`` says
what else differs between these trainings."""

VALUES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "time_s")
"""The end of a training: loss and accuracy of its last epoch, and the workload's own time in seconds."""


def epochs(runs: Runs) -> pd.DataFrame:
    """One row per ok run, epoch and split that has a loss or an accuracy.

    Columns: :data:`KEYS`, epoch (from 1), split (train or validation), loss (mean cross-entropy per image), accuracy
    (share of images whose class was predicted).
    """
    rows = runs.measurements
    rows = rows[rows["epoch"].notna() & rows["split"].notna() & (rows["loss"].notna() | rows["accuracy"].notna())]
    names = ["epoch", "split", "loss", "accuracy"]
    merged = rows[["run", *names]].merge(_keys(runs), on="run")[[*KEYS, *names]]
    return merged.sort_values(["run", "split", "epoch"], kind="stable").reset_index(drop=True)


def finals(runs: Runs) -> pd.DataFrame:
    """One row per ok run that trained: columns :data:`KEYS` and :data:`VALUES`."""
    frame = epochs(runs)
    last = frame[frame["epoch"] == frame.groupby(["run", "split"])["epoch"].transform("max")]
    table = frame[list(KEYS)].drop_duplicates("run").set_index("run")
    for split in ("train", "validation"):
        of = last[last["split"] == split].drop_duplicates("run", keep="last").set_index("run")
        for value in ("loss", "accuracy"):
            table[f"{split}_{value}"] = of[value].reindex(table.index)
    table["time_s"] = runs.ok.set_index("run")["run_s"].reindex(table.index)
    return table.reset_index()[[*KEYS, *VALUES]]


def _keys(runs: Runs) -> pd.DataFrame:
    ok = runs.ok[["run", "lease", "scenario", "workload"]].copy()
    configurations = {str(run): runs.records[str(run)].configuration for run in ok["run"]}
    labels = variant_labels({run: runs.records[run] for run in configurations}, frozenset({"strategy", "batch_size"}))
    ok["strategy"] = [_strategy(configurations[str(run)].get("strategy")) for run in ok["run"]]
    ok["batch_size"] = pd.array(
        [size if isinstance(size := configurations[str(run)].get("batch_size"), int) else pd.NA for run in ok["run"]],
        dtype="Int64",
    )
    ok["setting"] = ok["run"].map(labels)
    return ok.astype({"strategy": "string", "setting": "string"})


def _strategy(name: object) -> str:
    return STRATEGIES.get(str(name), str(name)) if name is not None else "not stated"
