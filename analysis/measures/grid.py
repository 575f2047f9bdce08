"""Single measurements with the parameters they were made under: what the regressions are fitted to."""

from __future__ import annotations

import pandas as pd

from analysis.measures.metrics import GROUP
from analysis.records.runs import Runs
from analysis.records.variants import variant_labels
from workloads.record import Column

PARAMETERS: tuple[Column, ...] = (
    Column("batch_size", "float64", "images", "images per batch"),
    Column("batch_count", "float64", "batches", "batches in one measurement"),
    Column(
        "repetitions", "float64", "repetitions", "times that this point of the grid has been read, this one included"
    ),
    Column("data_size", "float64", "images", "batch_size x batch_count x repetitions: images of this point so far"),
)
"""The study's parameters of throughput; data_size is the product of the other three."""

PARAMETER_SETTINGS = frozenset({"batch_sizes", "batch_counts", "repetitions", "seed"})
"""Settings that say which grid a run covers: they tell no variants apart here, where the grid itself is studied."""

SERIES = ["scenario", "workload", "variant", *GROUP]
"""Columns that identify the series of one regression; throughput is never pooled over them."""

OBSERVATION_COLUMNS: tuple[Column, ...] = (
    *(Column(name, "string", "", "what the observation is of") for name in SERIES),
    Column("run", "string", "", "the record: observations of one run share its luck"),
    Column("lease", "string", "", "the cluster: runs of one lease share its luck"),
    *PARAMETERS,
    Column("started_at", "float64", "unix s", "when the timed part began"),
    Column("images_per_s", "float64", "images/s", "throughput of this measurement"),
)


def observations(runs: Runs) -> pd.DataFrame:
    """One row per measurement of an ok run that has a throughput and all parameters, in order of time.

    Columns: :data:`OBSERVATION_COLUMNS`. An absent format, source or cache is the empty string.
    """
    ok = runs.ok[["run", "lease", "scenario", "workload"]].copy()
    labels = variant_labels({str(run): runs.records[str(run)] for run in ok["run"]}, ignored=PARAMETER_SETTINGS)
    ok["variant"] = ok["run"].map(labels)
    rows = runs.measurements[runs.measurements["operation"].isin(["read", "write"])]
    frame = rows.merge(ok, on="run")
    frame["repetitions"] = frame["repetition"].astype("float64") + 1
    for name in ("batch_size", "batch_count"):
        frame[name] = frame[name].astype("float64")
    frame["data_size"] = frame["batch_size"] * frame["batch_count"] * frame["repetitions"]
    needed = [p.name for p in PARAMETERS] + ["images_per_s"]
    frame = frame[frame[needed].notna().all(axis=1) & (frame["images_per_s"] > 0)]
    frame = frame[[c.name for c in OBSERVATION_COLUMNS]].sort_values(["started_at", "run"], kind="stable")
    frame[SERIES] = frame[SERIES].astype("string").fillna("")
    return frame.reset_index(drop=True)
