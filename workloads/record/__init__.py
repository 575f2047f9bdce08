"""The one schema that crosses rooms: what a run leaves behind.

A record is a directory, ``runs/<experiment>/<cell>/``, written under a temporary name and renamed, and
never changed afterwards:

- ``run.json``: one :class:`RunRecord`;
- ``measurements.parquet``: one row per measurement of the workload, columns of :data:`MEASUREMENT_COLUMNS`;
- ``nodes.parquet``: one row per node and second, columns of :data:`NODE_COLUMNS`;
- ``summary.json``: the job's own :class:`Summary`;
- ``eventlog/``: Spark's event log, and ``logs/``: the logs of every daemon and of the driver.

Beside each table, ``*.arrow`` holds the same rows for loading thousands of records (:mod:`workloads.record.tables`).
What is known only later lies beside them as a side file: ``teardown.json`` (:class:`Teardown`) and, on Google Cloud
where a billing export is named, ``billed.json`` (:class:`Billed`); beside the records of a search, ``search.jsonl``
(:mod:`workloads.record.search`).
A value that was not measured is ``None`` (null), never zero.
"""

from workloads.record.cluster import Isolation, NodeLimits, Scenario
from workloads.record.columns import MEASUREMENT_COLUMNS, NODE_COLUMNS, Column
from workloads.record.cost import Billed, CostBreakdown, RunCost
from workloads.record.model import SCHEMA_VERSION, Model
from workloads.record.run import RunRecord, RunSource, SparkMetrics, StageSeconds, Status
from workloads.record.summary import Fact, Rejected, Summary
from workloads.record.teardown import MachineLife, Teardown

__all__ = [
    "MEASUREMENT_COLUMNS",
    "NODE_COLUMNS",
    "SCHEMA_VERSION",
    "Billed",
    "Column",
    "CostBreakdown",
    "Fact",
    "Isolation",
    "MachineLife",
    "Model",
    "NodeLimits",
    "Rejected",
    "RunCost",
    "RunRecord",
    "RunSource",
    "Scenario",
    "SparkMetrics",
    "StageSeconds",
    "Status",
    "Summary",
    "Teardown",
]
