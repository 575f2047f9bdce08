"""Metrics of one run, each with its unit, computed from the frames.

A metric that cannot be computed, as its source was not measured, is null (``NaN``), never zero.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import pandas as pd

from analysis.records.runs import Runs
from workloads.record import RunRecord

NODE_HZ = 1.0  # nominal rate of the sampler: rows per node and second
IDLE_RATIO = 0.05  # a node whose mean CPU over the run is below this share of its limit counts as idle


class Metric(NamedTuple):
    """One number per run: its name in the frames, its label and unit on the page, and where it comes from."""

    name: str
    label: str
    unit: Literal["s", "images/s", "USD", "%", "1/s", "bytes", "count"]
    source: str


METRICS: tuple[Metric, ...] = (
    Metric("run_s", "Run time", "s", "first task launched to last task ended; the job's own clock without Spark"),
    Metric("images_per_s", "Throughput", "images/s", "images / run time, for workloads with one kind of operation"),
    Metric("cost_usd", "Cost per run", "USD", "billed, else measured, else list price of the shape × run time"),
    Metric("cost_per_1000_usd", "Cost per 1,000 images", "USD", "cost per run / images × 1,000"),
    Metric("cpu_used_ratio", "CPU used of CPU paid for", "%", "mean over the run, all nodes with the master"),
    Metric("cpu_busiest_ratio", "CPU, busiest node", "%", "mean over the run, of the node's own limit"),
    Metric("cpu_idlest_ratio", "CPU, idlest node", "%", "mean over the run, of the node's own limit"),
    Metric("nodes_idle", "Idle nodes", "count", "below 5 % of their CPU limit, mean over the run"),
    Metric("cpu_throttled_ratio", "CPU throttled, worst node", "%", "share of periods at the limit, mean over the run"),
    Metric("mem_peak_bytes", "Peak memory, largest node", "bytes", "page cache left out"),
    Metric("packets_peak_s", "Peak packets/s, busiest node", "1/s", "in and out"),
    Metric("disk_ops_peak_s", "Peak disk operations/s, busiest node", "1/s", "reads and writes"),
    Metric("disk_reads_peak_s", "Peak disk reads/s, busiest node", "1/s", "writes are not in it"),
    Metric("disk_read_bytes", "Read from disk", "bytes", "during the run, all nodes"),
    Metric("overhead_ratio", "Overhead", "%", "share of submit to collect that is not run time"),
    Metric("sampler_coverage", "Samples of those expected", "%", "worst node, 1 per second from submit to end of run"),
    Metric("apply_s", "Apply, once per lease", "s", "until every worker has registered"),
    Metric("load_data_s", "Load data, once per lease", "s", "filling the bucket"),
    Metric("submit_s", "Submit", "s", "submission to first task"),
    Metric("finish_s", "Finish", "s", "rest of the job after its last task"),
    Metric("collect_s", "Collect", "s", "gathering the record"),
    Metric("spark_executor_run_s", "Task time, all executors", "s", "Spark event log"),
    Metric("spark_gc_s", "Garbage collection", "s", "Spark event log"),
    Metric("spark_tasks", "Tasks", "count", "Spark event log"),
    Metric("spark_tasks_failed", "Tasks failed", "count", "Spark event log"),
    Metric("spark_input_bytes", "Read by Spark", "bytes", "Spark event log; Spark's own sources only"),
    Metric("spark_shuffle_bytes", "Shuffled", "bytes", "Spark event log"),
    Metric("spark_spilled_bytes", "Spilled to disk", "bytes", "Spark event log"),
)

GROUP = ["operation", "format", "source", "cache"]
"""Columns that tell kinds of measurement apart; throughput is never pooled over them."""


def window(record: RunRecord) -> tuple[float, float, float] | None:
    """Unix seconds of submission, begin and end of the run; None where the run time is unknown.

    The begin is the launch of the first task by Spark's event log, else begin of the attempt + submit time.
    """
    run_s, submit_s = record.stages.run_s, record.stages.submit_s or 0.0
    if run_s is None:
        return None
    begin = record.spark.first_task_at if record.spark else None
    if begin is None:
        begin = pd.Timestamp(record.started_at).timestamp() + submit_s
    return begin - submit_s, begin, begin + run_s


def throughput(runs: Runs) -> pd.DataFrame:
    """One row per ok run and kind of measurement: images / seconds over all settings of the grid in that run.

    The seconds are the job's own; where Spark's event log gives the run time of a run with one kind of measurement,
    they are that run time, as the job's clock also counts the wait for executors.

    Columns: run, scenario, workload, variant, :data:`GROUP`, images, duration_s, images_per_s, cost_per_1000_usd.
    """
    rows = runs.measurements
    rows = rows[rows["operation"] != "stage"]
    keys = ["run", *GROUP]
    sums = rows.groupby(keys, dropna=False, observed=True)[["images", "duration_s"]].sum(min_count=1).reset_index()
    of_run = runs.ok[["run", "scenario", "workload", "variant", "cost_usd", "run_s", "run_s_source"]]
    frame = of_run.merge(sums, on="run")
    whole = (frame.groupby("run")["run"].transform("size") == 1) & (frame["run_s_source"] == "event_log")
    frame["duration_s"] = frame["run_s"].where(whole.fillna(False).astype(bool), frame["duration_s"])
    seconds = frame["duration_s"].where(frame["duration_s"] > 0)
    frame["images_per_s"] = frame["images"].astype("float64") / seconds
    rate = frame["images_per_s"].where(frame["images_per_s"] > 0)
    usd_per_s = frame["cost_usd"] / frame["run_s"].where(frame["run_s"] > 0)
    frame["cost_per_1000_usd"] = usd_per_s * 1000 / rate
    return frame.drop(columns=["cost_usd", "run_s", "run_s_source"])


def per_run(runs: Runs) -> pd.DataFrame:
    """One row per record, indexed by run, with a column for each of :data:`METRICS` and the keys of a result."""
    frame = runs.runs.set_index("run")
    made = _images(runs)
    frame["images"] = made["images"].reindex(frame.index)
    images = frame["images"].where(frame["images"] > 0)
    single = made["kinds"].reindex(frame.index) == 1
    frame["images_per_s"] = (images / frame["run_s"].where(frame["run_s"] > 0)).where(single)
    frame["cost_per_1000_usd"] = (frame["cost_usd"] / images * 1000).where(single)
    frame = frame.join(_node_metrics(runs))
    numbers = [m.name for m in METRICS]
    for name in numbers:
        if name not in frame:
            frame[name] = float("nan")
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _images(runs: Runs) -> pd.DataFrame:
    """Images of each run, and how many kinds of measurement it holds."""
    rows = runs.measurements
    rows = rows[rows["operation"] != "stage"]
    kinds = rows[["run", *GROUP]].drop_duplicates().groupby("run").size()
    images = rows.groupby("run")["images"].sum(min_count=1).astype("float64")
    return pd.DataFrame({"images": images, "kinds": kinds})


def samples(runs: Runs) -> pd.DataFrame:
    """``nodes`` with ``t_s``, seconds since submission, and ``in_run``; rows of runs without a window are left out.

    ``disk_ops_s`` is reads + writes, and null where either was not counted: cgroup v1 cannot count buffered writes.
    """
    windows = {run: window(record) for run, record in runs.records.items()}
    known = {run: w for run, w in windows.items() if w is not None}
    frame = runs.nodes[runs.nodes["run"].isin(list(known))].copy()
    for column, index in (("submit_at", 0), ("begin_at", 1), ("end_at", 2)):
        frame[column] = frame["run"].map({run: w[index] for run, w in known.items()}).astype("float64")
    frame["t_s"] = frame["ts"] - frame["submit_at"]
    middle = frame["ts"] - 0.5 / NODE_HZ  # ts is the end of the sampled interval
    frame["in_run"] = (middle >= frame["begin_at"]) & (middle <= frame["end_at"])
    frame["packets_s"] = frame["net_rx_packets_s"] + frame["net_tx_packets_s"]
    frame["disk_ops_s"] = frame["disk_read_ops_s"] + frame["disk_write_ops_s"]
    return frame


def _node_metrics(runs: Runs) -> pd.DataFrame:
    frame = samples(runs)
    frame = frame[frame["in_run"]]
    by_node = frame.groupby(["run", "node"]).agg(
        cpu_cores=("cpu_cores", "mean"),
        cpu_ratio=("cpu_ratio", "mean"),
        throttled=("cpu_throttled_ratio", "mean"),
        mem=("mem_bytes", "max"),
        packets=("packets_s", "max"),
        disk_ops=("disk_ops_s", "max"),
        disk_reads=("disk_read_ops_s", "max"),
    )
    read_bytes = (frame["disk_read_bytes_s"] / NODE_HZ).groupby(frame["run"]).sum(min_count=1)
    ratios = by_node["cpu_ratio"].groupby("run")
    idle = (by_node["cpu_ratio"] < IDLE_RATIO).groupby("run").sum().astype("float64")
    by_run = by_node.groupby("run")
    used = by_run["cpu_cores"].sum(min_count=1)
    sampled = by_run.size()
    whole = pd.Series({run: len(r.nodes) for run, r in runs.records.items()}).reindex(sampled.index) == sampled
    paid = runs.runs.set_index("run")["actual_cores"].reindex(used.index)
    return pd.DataFrame(
        {
            "cpu_used_ratio": (used / paid).where(whole),  # a node without rows is unknown, not idle
            "cpu_busiest_ratio": by_run["cpu_ratio"].max(),
            "cpu_idlest_ratio": by_run["cpu_ratio"].min().where(whole),
            "nodes_idle": idle.where(whole & (ratios.count() == sampled)),
            "cpu_throttled_ratio": by_run["throttled"].max(),
            "mem_peak_bytes": by_run["mem"].max(),
            "packets_peak_s": by_run["packets"].max(),
            "disk_ops_peak_s": by_run["disk_ops"].max(),
            "disk_reads_peak_s": by_run["disk_reads"].max(),
            "disk_read_bytes": read_bytes.where(whole),
            "sampler_coverage": _coverage(runs),
        }
    )


def sampler_rows(runs: Runs) -> pd.DataFrame:
    """Rows found and expected for each run and node, from submission to the end of the run."""
    frame = samples(runs)
    inside = frame[(frame["t_s"] > 0) & (frame["ts"] <= frame["end_at"] + 0.5 / NODE_HZ)]
    found = inside.groupby(["run", "node"]).size()
    rows = []
    for run, record in runs.records.items():
        w = window(record)
        if w is None:
            continue
        expected = int((w[2] - w[0]) * NODE_HZ)
        rows += [(run, n.node, int(found.get((run, n.node), 0)), expected) for n in record.nodes]
    return pd.DataFrame(rows, columns=["run", "node", "found", "expected"])


def _coverage(runs: Runs) -> pd.Series:
    """Share of expected rows that the worst node of each run has; null where less than one row is expected."""
    rows = sampler_rows(runs)
    rows = rows[rows["expected"] > 0]
    ratio = (rows["found"] / rows["expected"]).clip(upper=1.0)
    return ratio.groupby(rows["run"]).min().astype("float64")
