"""The columns of the frames that the analysis works on, with their units.

``measurements`` and ``nodes`` have the columns of :data:`workloads.record.MEASUREMENT_COLUMNS` and
:data:`workloads.record.NODE_COLUMNS` after a first column ``run``, which names the record. ``runs`` has one row
per record; its columns are :data:`RUN_COLUMNS`. A value that was not measured is null (``NA`` or ``NaN``).
"""

from __future__ import annotations

from workloads.record import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column

RUN = Column("run", "string", "", "the record: <experiment>/<directory>")

RUN_COLUMNS: tuple[Column, ...] = (
    RUN,
    Column("experiment", "string", "", "name of the experiment"),
    Column("cell", "string", "", "hash of what determines the result"),
    Column("target", "string", "", "local, gcp or vertex"),
    Column("lease", "string", "", "the cluster it ran on, from apply to destroy"),
    Column("scenario", "string", "", "name of the cluster shape"),
    Column("workload", "string", "", "name of the workload"),
    Column("variant", "string", "", "settings that differ between records of this workload; empty: they all agree"),
    Column("configuration", "string", "", "all settings of the workload, as JSON"),
    Column("repeat", "int64", "", "index of the repeat"),
    Column("attempt", "int64", "", "index of the attempt at this cell"),
    Column("repeat_level", "string", "", "lease or attempt: what was repeated"),
    Column("status", "string", "", "ok, failed, invalid, timed_out or interrupted"),
    Column("reason", "string", "", "why it is not ok"),
    Column("started_at", "float64", "unix s", "begin of the attempt"),
    Column("ended_at", "float64", "unix s", "end of the attempt"),
    Column("isolation_mode", "string", "", "namespaces, none or cloud"),
    Column("isolation_complete", "bool", "", "CPU, memory, network and disk were all limited per node"),
    Column("vcpus", "int64", "vCPU", "nominal, all nodes with the master"),
    Column("memory_gb", "float64", "GB", "nominal, all nodes with the master"),
    Column("actual_cores", "float64", "host cores", "CPU limit of all nodes together (null without a limit)"),
    Column("local_cores_per_vcpu", "float64", "host cores/vCPU", "share of a host core that stands for one vCPU"),
    Column("apply_s", "float64", "s", "bringing the cluster up; only in the first attempt on a lease"),
    Column("load_data_s", "float64", "s", "filling the bucket; only in the first attempt on a lease"),
    Column("submit_s", "float64", "s", "from submission to the first task"),
    Column("run_s", "float64", "s", "the workload's own time: first task launched to last task ended"),
    Column("finish_s", "float64", "s", "rest of the job's life"),
    Column("collect_s", "float64", "s", "collecting the record"),
    Column("overhead_ratio", "float64", "1", "share of submit to collect that is not the workload's own time"),
    Column("run_s_source", "string", "", "event_log or job"),
    Column("usd_per_hour", "float64", "USD/h", "list price of the shape"),
    Column("cost_usd", "float64", "USD", "billed, measured, or usd_per_hour x run_s (notional on the local target)"),
    Column("cost_source", "string", "", "billed, measured or list price: where cost_usd comes from"),
    Column("items_in", "int64", "items", "items the job was given"),
    Column("items_out", "int64", "items", "items that came out"),
    Column("items_rejected", "int64", "items", "items refused, each named in the summary"),
    Column("spark_tasks", "int64", "tasks", "tasks of the Spark application"),
    Column("spark_tasks_failed", "int64", "tasks", "of which failed"),
    Column("spark_executors", "int64", "executors", "executors that ran them"),
    Column("spark_executor_run_s", "float64", "s", "task time, all executors"),
    Column("spark_executor_cpu_s", "float64", "s", "CPU time in the JVM, all executors"),
    Column("spark_gc_s", "float64", "s", "garbage collection, all executors"),
    Column("spark_input_bytes", "int64", "bytes", "read by Spark's own sources"),
    Column("spark_shuffle_bytes", "int64", "bytes", "written to shuffle"),
    Column("spark_spilled_bytes", "int64", "bytes", "spilled from memory to disk"),
    Column("git_revision", "string", "", "revision of the checkout it ran from"),
    Column("git_dirty", "bool", "", "whether that checkout had uncommitted changes"),
)

STAGES = ("apply_s", "load_data_s", "submit_s", "run_s", "finish_s", "collect_s")
"""The columns of an attempt's stages, in order of time; the cluster is paid for in all of them."""

RUN_MEASUREMENT_COLUMNS: tuple[Column, ...] = (RUN, *MEASUREMENT_COLUMNS)
RUN_NODE_COLUMNS: tuple[Column, ...] = (RUN, *NODE_COLUMNS)

PANDAS_TYPES = {"string": "string", "int64": "Int64", "float64": "float64", "bool": "boolean"}
"""pandas' type for each Arrow type of a column: the nullable ones, as a missing value is never zero."""
