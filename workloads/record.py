"""The one schema that crosses rooms: what a run leaves behind.

A record is a directory, ``runs/<experiment>/<cell>/``, written under a temporary name and renamed, and
never changed afterwards:

- ``run.json``: one :class:`RunRecord`;
- ``measurements.parquet``: one row per measurement of the workload, columns of :data:`MEASUREMENT_COLUMNS`;
- ``nodes.parquet``: one row per node and second, columns of :data:`NODE_COLUMNS`;
- ``summary.json``: the job's own :class:`Summary`;
- ``eventlog/``: Spark's event log, and ``logs/``: the logs of every daemon and of the driver.

What is known only later lies beside them as a side file: ``teardown.json`` (:class:`Teardown`) and, on Google Cloud
where a billing export is named, ``billed.json`` (:class:`Billed`).
A value that was not measured is ``None`` (null), never zero.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 2
"""2: ``Summary.facts``; ``Scenario`` with spot workers and accelerators; region, zone and cost of a run on Google Cloud.
Fields are only ever added, with a default, so that every older record stays readable."""

RunSource = Literal["event_log", "job"]
Fact = str | int | float | bool | None | list[str] | list[int] | list[float]


class Column(NamedTuple):
    """One column of a frame: its Arrow type, its unit, and what it means."""

    name: str
    arrow_type: Literal["string", "int64", "float64", "bool"]
    unit: str
    description: str
    since: int = 1  # schema version that brought it; older files lack it, and it reads as null


MEASUREMENT_COLUMNS: tuple[Column, ...] = (
    Column("operation", "string", "", "what was timed: read, grid, write, stage, train, validate, stream or serve"),
    Column("format", "string", "", "image (one object per image) or tfrecord"),
    Column("source", "string", "", "bucket (object store) or staged (the node's own disk)"),
    Column("cache", "string", "", "cold (evicted just before), warm (read just before) or unknown"),
    Column("batch_size", "int64", "images", "images per batch"),
    Column("batch_count", "int64", "batches", "batches read in one repetition"),
    Column("repetition", "int64", "", "index of the repetition within the cell, from 0"),
    Column("started_at", "float64", "unix s", "when the timed part began"),
    Column("duration_s", "float64", "s", "length of the timed part"),
    Column("images", "int64", "images", "images that came out"),
    Column("images_rejected", "int64", "images", "images refused, each named in the summary"),
    Column("bytes_read", "int64", "bytes", "payload bytes read"),
    Column("bytes_written", "int64", "bytes", "payload bytes written"),
    Column("images_per_s", "float64", "images/s", "images / duration_s"),
    Column(
        "device_bytes",
        "int64",
        "bytes",
        "bytes that disk (staged) or network (bucket) delivered meanwhile, by the kernel's counters",
        since=2,
    ),
    Column("node", "string", "", "address of the node that did the work, where it was spread over a cluster", since=2),
    # Of training, streaming and serving; null elsewhere.
    Column("epoch", "int64", "", "passes over the training images so far, this one included: from 1", since=2),
    Column("split", "string", "", "train or validation", since=2),
    Column("loss", "float64", "1", "mean cross-entropy per image, natural logarithm", since=2),
    Column("accuracy", "float64", "1", "share of images whose class was predicted", since=2),
    Column("learning_rate", "float64", "1", "of the last update of the epoch", since=2),
    Column("updates", "int64", "updates", "updates of the weights so far, since training began", since=2),
    Column(
        "input_wait_ratio",
        "float64",
        "1",
        "share of the steps' time spent waiting for input; the worst worker",
        since=2,
    ),
    Column("offered_rate_s", "float64", "1/s", "arrivals per second that the load was set to", since=2),
    Column("achieved_rate_s", "float64", "1/s", "arrivals answered per second", since=2),
    Column("latency_p50_s", "float64", "s", "median from an arrival's due time to its answer", since=2),
    Column("latency_p95_s", "float64", "s", "95th percentile of the same", since=2),
    Column("latency_p99_s", "float64", "s", "99th percentile of the same", since=2),
    Column("sustained", "bool", "", "the offered rate was kept up with, and the latency goal met", since=2),
)

NODE_COLUMNS: tuple[Column, ...] = (
    Column("ts", "float64", "unix s", "end of the sampled interval"),
    Column("node", "string", "", "name of the node: m, w-0, w-1, ..."),
    Column("role", "string", "", "master, worker or single"),
    Column("cpu_cores", "float64", "host cores", "CPU time used per second of wall time"),
    Column("cpu_ratio", "float64", "1", "cpu_cores / the node's CPU limit (null without a limit)"),
    Column("cpu_throttled_ratio", "float64", "1", "share of scheduler periods in which the node hit its CPU limit"),
    Column("mem_bytes", "float64", "bytes", "memory in use, page cache left out"),
    Column("net_rx_packets_s", "float64", "packets/s", "packets received"),
    Column("net_tx_packets_s", "float64", "packets/s", "packets sent"),
    Column("net_rx_bytes_s", "float64", "bytes/s", "bytes received"),
    Column("net_tx_bytes_s", "float64", "bytes/s", "bytes sent"),
    Column("disk_read_ops_s", "float64", "operations/s", "disk reads"),
    Column("disk_write_ops_s", "float64", "operations/s", "disk writes"),
    Column("disk_read_bytes_s", "float64", "bytes/s", "bytes read from disk"),
    Column("disk_write_bytes_s", "float64", "bytes/s", "bytes written to disk"),
)


class Status(StrEnum):
    """How an attempt ended."""

    OK = "ok"
    FAILED = "failed"  # the job said so, or ended with a non-zero exit code
    INVALID = "invalid"  # it ran, and what was measured cannot be trusted
    TIMED_OUT = "timed_out"


class Model(BaseModel):
    """Strict base: unknown fields are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rejected(Model):
    """One input item that did not come out, and why."""

    name: str
    reason: str


class Summary(Model):
    """What a job says of itself; written as ``summary.json`` beside ``measurements.jsonl``.

    A job whose accounts do not add up (items_in = items_out + items_rejected, and each rejected item named)
    does not validate, and has failed.
    """

    schema_version: int = SCHEMA_VERSION
    workload: str
    status: Literal["ok", "failed", "invalid"]  # invalid: it ran, and not as its configuration says
    error: str | None = None
    unit: str = "images"
    items_in: int = Field(ge=0)
    items_out: int = Field(ge=0)
    items_rejected: int = Field(ge=0)
    rejected: list[Rejected] = []
    bytes_read: int | None = None
    bytes_written: int | None = None
    started_at: float  # unix s
    ended_at: float  # unix s
    notes: list[str] = []
    facts: dict[str, Fact] = {}  # what the job knows of its run, as values: strategy, replicas, node addresses, ...

    @model_validator(mode="after")
    def _accounts_add_up(self) -> Summary:
        if self.status == "ok" and self.items_in != self.items_out + self.items_rejected:
            raise ValueError(
                f"accounts do not add up: {self.items_in} {self.unit} in, "
                f"{self.items_out} out + {self.items_rejected} rejected"
            )
        if self.status == "ok" and len(self.rejected) != self.items_rejected:
            raise ValueError(
                f"{self.items_rejected} {self.unit} rejected, but {len(self.rejected)} named with a reason"
            )
        return self


class Scenario(Model):
    """The cluster shape, in Google Cloud's words. Version 1 knew those without a default."""

    name: str
    workers: int
    machine_type: str
    master_machine_type: str
    disk_type: str
    disk_gb: int
    spot_workers: int = 0  # secondary workers on Spot VMs, beside `workers`
    accelerator_type: str | None = None  # on each worker, or on the single node
    accelerator_count: int = 0  # per machine


class NodeLimits(Model):
    """What a node is nominally, and what it really got on this host."""

    node: str
    role: Literal["master", "worker", "single"]
    address: str
    machine_type: str
    nominal_vcpus: int
    nominal_memory_gb: float
    actual_cores: float | None  # None: not limited
    actual_memory_mb: int | None
    nominal_disk_read_mb_s: float
    nominal_disk_read_iops: float
    actual_disk_read_mb_s: float | None
    actual_disk_write_mb_s: float | None
    actual_disk_read_iops: float | None
    actual_disk_write_iops: float | None
    actual_network_mbit_s: float | None
    probed_disk_read_mb_s: float | None  # cold-cache probe at apply; None: not probed
    probed_disk_read_iops: float | None


class Isolation(Model):
    """What kept the nodes apart. Without all of it, no verdict between shapes is given."""

    mode: Literal["namespaces", "none", "cloud"]
    cpu: str | None  # how it was limited ("cgroup-v1", "cgroup-v2"), None: not at all
    memory: str | None
    network: str | None
    disk: str | None
    missing: list[str] = []  # one sentence each: what is missing, and why

    @property
    def complete(self) -> bool:
        return all((self.cpu, self.memory, self.network, self.disk))


class StageSeconds(Model):
    """Seconds of each stage of an attempt; None: the stage did not take place in this attempt.

    ``apply_s`` and ``load_data_s`` belong to the lease and are stated in the first attempt on it. ``submit_s`` ends
    when the first task is launched, ``run_s`` (the workload's own time) when the last one ends; ``finish_s`` is the
    rest of the job's life.
    """

    apply_s: float | None = None
    load_data_s: float | None = None
    submit_s: float | None = None
    run_s: float | None = None
    finish_s: float | None = None
    collect_s: float | None = None

    @property
    def overhead_ratio(self) -> float | None:
        """Share of the attempt (submit to collect) that is not the workload's own time."""
        if self.run_s is None:
            return None
        total = sum(s or 0.0 for s in (self.submit_s, self.run_s, self.finish_s, self.collect_s))
        return 1 - self.run_s / total if total > 0 else None


class SparkMetrics(Model):
    """Totals of one Spark application, from its event log. Bytes, seconds, counts."""

    application_id: str | None
    jobs: int
    stages: int
    tasks: int
    tasks_failed: int
    executors: int
    executor_run_s: float
    executor_cpu_s: float
    gc_s: float
    input_bytes: int
    input_records: int
    output_bytes: int
    output_records: int
    shuffle_read_bytes: int
    shuffle_write_bytes: int
    spilled_bytes: int
    first_task_at: float | None  # unix s
    last_task_at: float | None


class CostBreakdown(Model):
    """USD by what is paid for, at list prices; ``seconds`` is what was multiplied with the price per hour."""

    seconds: float  # of the machines, after the billing minimum
    machines_usd: float
    disks_usd: float
    dataproc_usd: float = 0.0  # the fee per vCPU
    vertex_usd: float = 0.0  # the fee of Vertex AI training
    accelerators_usd: float = 0.0
    prices_dated: str  # date of the oldest price used, ISO 8601

    @property
    def total_usd(self) -> float:
        return self.machines_usd + self.disks_usd + self.dataproc_usd + self.vertex_usd + self.accelerators_usd


class RunCost(Model):
    """What an attempt was thought to cost and did: ``estimate`` from its time limit or own time, before or without a bill.

    ``measured`` is made of the real seconds of each resource; what Google billed comes later, see :class:`Billed`.
    """

    estimate: CostBreakdown
    measured: CostBreakdown | None = None
    limit_usd: float | None = None  # --max-usd and --max-minutes of the lease
    limit_minutes: float | None = None


class RunRecord(Model):
    """``run.json``: one attempt of one cell."""

    schema_version: int = SCHEMA_VERSION
    cell: str  # hash of what determines the result
    experiment: str
    target: Literal["local", "gcp", "vertex"]
    lease: str
    scenario: Scenario
    workload: str
    configuration: dict[str, object]
    repeat: int
    attempt: int
    repeat_level: Literal["lease", "attempt"]
    status: Status
    reason: str | None = None  # why it is not ok; one sentence
    started_at: str  # ISO 8601, UTC
    ended_at: str
    isolation: Isolation
    nodes: list[NodeLimits]
    local_cores_per_vcpu: float | None
    stages: StageSeconds
    run_s_source: RunSource | None  # where run_s comes from
    spark: SparkMetrics | None
    usd_per_hour: float  # list price of the shape
    cost_usd: float | None  # notional on the local target: usd_per_hour x run_s
    missing: list[str] = []  # what was not measured, and why; one sentence each
    git_revision: str | None
    git_dirty: bool | None
    packages: dict[str, str]
    host: dict[str, str | int | float | None]
    dataset: dict[str, str | int | float | None]
    region: str | None = None  # these four: Google Cloud only
    zone: str | None = None
    job_id: str | None = None  # of the Dataproc or Vertex AI job
    cost: RunCost | None = None


class Billed(Model):
    """``billed.json``: what the billing export says of a lease, written beside its records once it is known."""

    lease: str
    table: str  # project.dataset.table of the export
    queried_at: str  # ISO 8601, UTC
    complete: bool  # false while rows of the lease may still arrive
    currency: str
    total: float  # in that currency, credits subtracted
    by_sku: dict[str, float] = {}


class MachineLife(Model):
    """One machine of a cluster; Unix seconds."""

    node: str
    machine_type: str
    created_at: float
    gone_by: float | None = None  # when it was first missed: at the latest then it had ended


class Teardown(Model):
    """``teardown.json``: written beside the records of a lease once it is gone."""

    lease: str
    destroyed_at: str
    destroy_s: float
    found: list[str]
    removed: list[str]
    left: list[str]
    lived_s: float | None = None  # from the lease's creation to its end
    estimated_usd: float | None = None  # of the whole lease, before apply; Google Cloud only
    measured_usd: float | None = None  # of the whole lease, from the real seconds of each machine, or see missing
    machines: list[MachineLife] = Field(default_factory=list)  # as observed; empty before the field was, and locally
    missing: list[str] = Field(default_factory=list)  # what measured_usd does not know; one sentence each
    breach: str | None = None  # the hard limit that ended the lease, if one did
