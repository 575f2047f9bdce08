"""Trainings: accuracy and loss per epoch, and how each ended (the study's figures 7 to 9 and its table 2)."""

from __future__ import annotations

import pandas as pd

from analysis.records.columns import RUN
from analysis.records.runs import Runs
from analysis.records.variants import variant_labels
from workloads.record import Column

STRATEGIES = {
    "one_device": "OneDeviceStrategy",
    "mirrored": "MirroredStrategy",
    "multi_worker_mirrored": "MultiWorkerMirroredStrategy",
}
"""TensorFlow's name for each value of the setting ``strategy``, in the study's order."""

KEYS = (
    RUN,
    Column("lease", "string", "", "the cluster"),
    Column("scenario", "string", "", "name of the cluster shape"),
    Column("workload", "string", "", "name of the workload"),
    Column("strategy", "string", "", "TensorFlow's name of it"),
    Column("batch_size", "int64", "images", "per update, over all replicas"),
    Column("setting", "string", "", "what else differs between these trainings; empty: nothing"),
)
EPOCH_COLUMNS: tuple[Column, ...] = (
    *KEYS,
    Column("epoch", "int64", "", "passes over the training images so far: from 1"),
    Column("split", "string", "", "train or validation"),
    Column("loss", "float64", "1", "mean cross-entropy per image"),
    Column("accuracy", "float64", "1", "share of images whose class was predicted"),
)
FINAL_COLUMNS: tuple[Column, ...] = (
    *KEYS,
    Column("train_loss", "float64", "1", "of the last epoch"),
    Column("train_accuracy", "float64", "1", "of the last epoch"),
    Column("validation_loss", "float64", "1", "of the last epoch"),
    Column("validation_accuracy", "float64", "1", "of the last epoch"),
    Column("time_s", "float64", "s", "the workload's own time"),
)
VALUES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "time_s")


def epochs(runs: Runs) -> pd.DataFrame:
    """One row per ok run, epoch and split that has a loss or an accuracy; columns :data:`EPOCH_COLUMNS`."""
    rows = runs.measurements
    rows = rows[rows["epoch"].notna() & rows["split"].notna() & (rows["loss"].notna() | rows["accuracy"].notna())]
    names = [c.name for c in EPOCH_COLUMNS]
    merged = rows[["run", "epoch", "split", "loss", "accuracy"]].merge(_keys(runs), on="run")
    return merged[names].sort_values(["run", "split", "epoch"], kind="stable").reset_index(drop=True)


def finals(runs: Runs) -> pd.DataFrame:
    """One row per ok run that trained: its last epoch and its time; columns :data:`FINAL_COLUMNS`."""
    frame = epochs(runs)
    last = frame[frame["epoch"] == frame.groupby(["run", "split"])["epoch"].transform("max")]
    table = frame[[c.name for c in KEYS]].drop_duplicates("run").set_index("run")
    for split in ("train", "validation"):
        of = last[last["split"] == split].drop_duplicates("run", keep="last").set_index("run")
        for value in ("loss", "accuracy"):
            table[f"{split}_{value}"] = of[value].reindex(table.index)
    table["time_s"] = runs.ok.set_index("run")["run_s"].reindex(table.index)
    return table.reset_index()[[c.name for c in FINAL_COLUMNS]]


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
