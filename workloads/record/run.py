"""``run.json``: one attempt of one cell, the seconds of its stages and the totals of its Spark application."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from workloads.record.cluster import Isolation, NodeLimits, Scenario
from workloads.record.cost import RunCost
from workloads.record.model import SCHEMA_VERSION, Model

RunSource = Literal["event_log", "job"]


class Status(StrEnum):
    """How an attempt ended."""

    OK = "ok"
    FAILED = "failed"  # the job said so, or ended with a non-zero exit code
    INVALID = "invalid"  # it ran, and what was measured cannot be trusted
    TIMED_OUT = "timed_out"


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


class RunRecord(Model):
    """``run.json``: one attempt of one cell."""

    schema_version: int = SCHEMA_VERSION
    cell: str  # hash of what determines the result
    experiment: str
    target: str
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
    missing: list[str] = Field(default_factory=list)  # what was not measured, and why; one sentence each
    git_revision: str | None
    git_dirty: bool | None
    packages: dict[str, str]
    host: dict[str, str | int | float | None]
    dataset: dict[str, str | int | float | None]
    region: str | None = None  # these five: Google Cloud only
    zone: str | None = None
    image_version: str | None = None  # of Dataproc, to the sub-minor; None before it was recorded
    job_id: str | None = None  # of the Dataproc or Vertex AI job
    cost: RunCost | None = None
