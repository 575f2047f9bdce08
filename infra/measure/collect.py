"""Read what a job left in its working folder, and turn it into the files of a record."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from infra.base.errors import RecordError
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.measure.job_run import JobRun
from infra.measure.verdict import judge
from infra.records import eventlog, frames
from infra.targets.registry import target_of
from workloads.record import SparkMetrics, StageSeconds, Status, Summary
from workloads.record.run import RunSource


@dataclass
class Collected:
    """What was read of an attempt's working folder, for its record."""

    status: Status
    reason: str | None
    stages: StageSeconds = field(default_factory=StageSeconds)
    run_s_source: RunSource | None = None
    spark: SparkMetrics | None = None
    missing: list[str] = field(default_factory=list)


def collect(lease: Lease, cell: Cell, job: JobRun) -> Collected:
    """Fetch what is elsewhere, write the tables, and judge the attempt. Raises whatever makes that impossible."""
    folder, target = job.folder, target_of(lease)
    missing = target.observer.collect(lease, folder, job.launched_at, job.ended_at)
    spark = _spark_metrics(lease, folder, missing)
    summary, summary_error = _summary(folder / "job")
    target.observer.logs(lease, folder / "logs")
    began_at, ended_at = job.launched_at, job.ended_at
    rows = frames.write_nodes(folder / "nodes.jsonl", folder, began_at, ended_at, target.traits.sample_s)
    missing += frames.write_measurements(folder / "job" / "measurements.jsonl", folder)
    (folder / "nodes.jsonl").unlink(missing_ok=True)
    if (folder / "job" / "summary.json").exists():
        (folder / "job" / "summary.json").rename(folder / "summary.json")
    shutil.rmtree(folder / "job", ignore_errors=True)

    stages, source = _stages(lease, job, spark, summary)
    status, reason = judge(lease, cell, job, spark, summary, summary_error, rows, stages)
    if target.traits.why_no_metric:
        missing += frames.missing_metrics(folder, target.traits.why_no_metric)
    return Collected(status, reason, stages, source, spark, missing)


def not_collected(error: Exception, kept: Path | None) -> Collected:
    """What a record says of an attempt that cannot be collected, and whose files are kept elsewhere."""
    where = f"; all that the job left is in {kept}" if kept else ""
    return Collected(
        Status.INVALID, f"the attempt cannot be collected: {error}{where}", missing=["everything: see reason"]
    )


def _spark_metrics(lease: Lease, folder: Path, missing: list[str]) -> SparkMetrics | None:
    """Move the event log into the record and total it; None where the job ran no Spark application."""
    log = eventlog.find_log(lease.eventlog_dir)
    if log is None:
        return None
    (folder / "eventlog").mkdir()
    kept = Path(shutil.move(log, folder / "eventlog" / log.name))
    try:
        return eventlog.totals(kept)
    except RecordError as error:
        missing.append(f"no Spark totals: {error}")
        return None


def _summary(folder: Path) -> tuple[Summary | None, str | None]:
    path = folder / "summary.json"
    try:
        return Summary.model_validate_json(path.read_text(encoding="utf-8")), None
    except FileNotFoundError:
        return None, "the job wrote no summary.json"
    except (ValidationError, json.JSONDecodeError) as error:
        return None, f"the job's summary.json is not valid: {error}"


def _stages(
    lease: Lease, job: JobRun, spark: SparkMetrics | None, summary: Summary | None
) -> tuple[StageSeconds, RunSource | None]:
    """Seconds of each stage. The workload's own time comes from the event log, else from the job's summary."""
    begin = end = None
    source: RunSource | None = None
    if spark and spark.first_task_at is not None:
        begin, end, source = spark.first_task_at, spark.last_task_at, "event_log"
    elif summary:
        begin, end, source = summary.started_at, summary.ended_at, "job"
    first_on_lease = lease.state.attempts == 0
    # A task before this attempt began would be another attempt's.
    known = begin is not None and end is not None and end >= begin >= job.launched_at - 1
    return StageSeconds(
        apply_s=lease.state.apply_s if first_on_lease else None,
        load_data_s=lease.state.load_data_s if first_on_lease else None,
        submit_s=begin - job.launched_at if known and begin else None,
        run_s=end - begin if known and begin and end else None,
        finish_s=job.ended_at - end if known and end else None,
    ), source
