"""Feature columns of a table, by name, and what is derived from them: total cores, memory per core, family."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

NODES = ("nodes", "workers", "machines", "machine_count", "n_nodes", "scale_out")
VCPUS = ("vcpus", "vcpu", "cores", "cpus", "cores_per_node")
MEMORY = ("mem_gib", "memory_gib", "mem_gb", "memory_gb", "ram_gib", "ram_gb")
PRICE_NODE = ("price_node_h", "price_proxy_h")
MACHINE = ("instance_type", "machine_type", "vm_type", "instance", "vm")
TOTAL_CORES = ("total_vcpus", "total_cores")
TOTAL_MEMORY = ("total_mem_gib", "total_memory_gib", "total_memory_gb")
OTHERS = (
    "provider", "region", "family", "cpu_speed", "cpu", "cpu_ghz", "disk", "disk_type", "disk_count", "disk_speed", "disk_gb",
    "disk_usd_h", "network_gbit_s", "gpu", "accelerator", "accelerator_count", "master_machine_type", "spot_workers",
    "executors", "executor_cores", "executor_memory_gib",
)  # fmt: skip
KNOWN = (*NODES, *VCPUS, *MEMORY, *PRICE_NODE[:1], *MACHINE, *TOTAL_CORES, *TOTAL_MEMORY, *OTHERS)
"""Columns that are taken for features when they are there. Others must be named (``--features``)."""


def first_of(columns: pd.Index, names: tuple[str, ...]) -> str | None:
    """The first of ``names`` that is a column."""
    return next((name for name in names if name in columns), None)


def family(machine: str) -> str:
    """Machine family of an instance type: c4.2xlarge -> c4, n1-standard-8 -> n1-standard, Standard_D4s_v3 -> Standard_Ds_v3."""
    if "." in machine:
        return machine.split(".", maxsplit=1)[0]
    shortened = re.sub(r"-\d+$", "", machine)
    return shortened if shortened != machine else re.sub(r"(?<=[A-Za-z])\d+(?=[A-Za-z_]|$)", "", machine)


def derive_features(table: pd.DataFrame, usd_per_hour: np.ndarray | None) -> pd.DataFrame:
    """The features that matter for run time and price, from those of the table.

    Total cores decide most (CherryPick, NSDI 2017, section 5), and memory per core decides whether data fits; single sizes
    per node say the same in a form that hides it. Columns that these replace are dropped.
    """
    out = {str(name): column for name, column in table.items()}  # a frame would be made anew with each column
    numeric = {c for c, v in out.items() if pd.api.types.is_numeric_dtype(v) and not pd.api.types.is_bool_dtype(v)}
    nodes, vcpus, memory = (first_of(table.columns, names) for names in (NODES, VCPUS, MEMORY))
    nodes, vcpus, memory = (c if c in numeric else None for c in (nodes, vcpus, memory))
    count = out[nodes].clip(lower=1) if nodes else 1.0
    total = first_of(table.columns, TOTAL_CORES)
    cores = out[total] if total in numeric else out[vcpus] * count if vcpus else None
    if cores is not None:
        out["cores"] = cores.astype(float)
        if memory:
            out["memory_per_core"] = out[memory] * count / cores
            out["memory"] = out[memory] * count
        if usd_per_hour is not None:
            out["usd_per_core_hour"] = usd_per_hour / cores
        out = {c: v for c, v in out.items() if c == "cores" or c not in (vcpus, memory)}
    elif usd_per_hour is not None:
        out["usd_per_hour"] = pd.Series(usd_per_hour, table.index)
    machine = first_of(table.columns, MACHINE)
    if machine and "family" not in out:
        out["family"] = out[machine].astype("string").map(family, na_action="ignore")
    gone = {c for c in (*TOTAL_CORES, *TOTAL_MEMORY, *PRICE_NODE, *MACHINE, "size", "disk_usd_h") if c in out}
    if machine and len(out) == 2:  # nothing else is known: the type itself is the feature
        gone.remove(machine)
    return pd.DataFrame({c: v for c, v in out.items() if c not in gone or len(out) == len(gone)}, index=table.index)
