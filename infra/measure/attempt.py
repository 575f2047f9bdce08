"""One attempt of one cell on a standing lease, from submit to the finished record."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from infra.base.errors import RecordError, is_disk_full
from infra.base.logs import last_words
from infra.base.progress import Progress
from infra.clusters import lifecycle
from infra.inputs.experiment import Cell
from infra.leases.lease import Lease, all_leases
from infra.records import eventlog, fingerprint, frames
from infra.targets.base import Driver
from infra.targets.registry import target_of
from workloads import record as schema
from workloads.cluster_driver import TIME_LIMIT_EXIT
from workloads.record import RunRecord, SparkMetrics, StageSeconds, Status, Summary

SECRET = re.compile(r"password|secret|token|credential|api-?key", re.IGNORECASE)


@dataclass
class Outcome:
    """What an attempt left in its working folder, before it becomes a record."""

    folder: Path
    launched_at: float
    ended_at: float
    exit_code: int | None
    job_id: str | None = None
    timed_out: bool = False
    sampler_failure: str | None = None
    breach: str | None = None  # the hard limit that stopped it


def run_attempt(
    lease: Lease, cell: Cell, *, cell_id: str, attempt: int, runs_dir: Path, progress: Progress
) -> tuple[Path, RunRecord]:
    """Run a cell on a lease and write its record.

    Alone on this host while it measures; other leases of this checkout are frozen meanwhile. A failed job gives a
    record too, with the reason in it. Where what the job left cannot be collected, all of it is kept as it is under
    ``runs/failed/``, and the record, whose status is ``invalid``, says where and why.

    Returns:
        The record's folder and its content.

    Raises:
        RecordError: the record cannot be written.
        Interrupted: Ctrl-C or SIGTERM; the driver has been stopped, and no record is written.
    """
    name = cell_id if attempt == 1 else f"{cell_id}.{attempt}"
    final = runs_dir / cell.experiment / name
    if final.exists():
        raise RecordError(f"The record {final} exists already, and records are never changed.")
    working = final.parent / f".tmp-{lease.id}-{os.getpid()}-{name}"
    working.mkdir(parents=True)
    outcome: Outcome | None = None
    try:
        jobs = target_of(lease).jobs
        with jobs.exclusive(lease, all_leases(runs_dir, lease.state.target), progress):
            jobs.reset(lease)
            if lifecycle.dead_addresses(lease):
                progress.stage(f"replace dead daemons of {lease.scenario.name} ({lease.id})")
                lifecycle.apply(lease, progress)
            outcome = _measure(lease, cell, working, progress)
        began = time.monotonic()
        try:
            collected = _collect(lease, cell, outcome)
        except Exception as error:  # whatever it is: the attempt has been paid for
            kept = _keep(lease, working, runs_dir / "failed" / cell.experiment, name, error)
            if is_disk_full(error):  # it would refuse the record, too
                raise
            progress.note(f"what {name} left cannot be collected ({error}); it is kept in {kept}")
            collected = _not_collected(error, kept)
            working.mkdir()
        run = _record(lease, cell, outcome, collected, cell_id, attempt, began)
        (working / "run.json").write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
        working.rename(final)
        lease.update(attempts=lease.state.attempts + 1)
        return final, run
    except BaseException as error:
        if working.exists() and (outcome is not None or isinstance(error, Exception)):
            _keep(lease, working, runs_dir / "failed" / cell.experiment, name, error)
        raise
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _keep(lease: Lease, working: Path, folder: Path, name: str, error: BaseException) -> Path | None:
    """Move what an attempt has produced into ``folder``, beside the reason. Returns where; None: it left nothing."""
    with contextlib.suppress(Exception):  # what a dying cluster does not give is no reason to lose the rest
        target_of(lease).observer.logs(lease, working / "logs")
    for log in lease.eventlog_dir.glob("*"):
        (working / "eventlog").mkdir(exist_ok=True)
        shutil.move(log, working / "eventlog" / log.name)
    if not any(path.is_file() for path in working.rglob("*")):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    kept = next(path for n in itertools.count(1) if not (path := folder / (f"{name}-{n}" if n > 1 else name)).exists())
    working.rename(kept)
    with contextlib.suppress(OSError):  # on a full disk the files matter more than the reason
        reason = f"{error}\n\n{''.join(traceback.format_exception(error))}"
        (kept / "reason.txt").write_text(reason, encoding="utf-8")
    return kept


def _measure(lease: Lease, cell: Cell, folder: Path, progress: Progress) -> Outcome:
    (folder / "logs").mkdir()
    target = target_of(lease)
    with target.observer.sampled(lease, folder) as sampler_failure, target.jobs.submit(lease, cell, folder) as driver:
        launched = time.time()
        stopped = _wait(driver, lease, cell.timeout_s + target.traits.queue_s, progress, sampler_failure)
        ended = time.time()
        failure = sampler_failure() or driver.flaw
    # A job elsewhere keeps its time limit itself.
    timed_out = stopped == "time" or (driver.job_id is not None and driver.exit_code == TIME_LIMIT_EXIT)
    breach = stopped if stopped not in ("time", "sampler") else None
    return Outcome(folder, launched, ended, driver.exit_code, driver.job_id, timed_out, failure, breach)


def _wait(
    driver: Driver, lease: Lease, timeout_s: float, progress: Progress, sampler_failure: Callable[[], str | None]
) -> str | None:
    """Wait for the driver; where it had to be stopped: ``time``, ``sampler``, or the hard limit that is reached."""
    target = target_of(lease)
    deadline = time.monotonic() + timeout_s
    while driver.poll() is None:
        stop = "time" if time.monotonic() > deadline else None
        stop = stop or ("sampler" if sampler_failure() else None)  # the record cannot become valid any more
        if stop := stop or target.pricing.breach(lease):
            driver.cancel()
            return stop
        progress.advance(*driver.progress())
        time.sleep(target.traits.poll_s)
    return None


@dataclass
class Collected:
    """What was read of an attempt's working folder, for its record."""

    status: Status
    reason: str | None
    stages: StageSeconds = field(default_factory=StageSeconds)
    run_s_source: schema.RunSource | None = None
    spark: SparkMetrics | None = None
    missing: list[str] = field(default_factory=list)


def _collect(lease: Lease, cell: Cell, outcome: Outcome) -> Collected:
    folder, target = outcome.folder, target_of(lease)
    missing = target.observer.collect(lease, folder, outcome.launched_at, outcome.ended_at)
    spark = _spark_metrics(lease, folder, missing)
    summary, summary_error = _summary(folder / "job")
    target.observer.logs(lease, folder / "logs")
    began_at, ended_at = outcome.launched_at, outcome.ended_at
    rows = frames.write_nodes(folder / "nodes.jsonl", folder, began_at, ended_at, target.traits.sample_s)
    frames.write_measurements(folder / "job" / "measurements.jsonl", folder)
    (folder / "nodes.jsonl").unlink(missing_ok=True)
    if (folder / "job" / "summary.json").exists():
        (folder / "job" / "summary.json").rename(folder / "summary.json")
    shutil.rmtree(folder / "job", ignore_errors=True)

    stages, source = _stages(lease, outcome, spark, summary)
    status, reason = _verdict(lease, cell, outcome, spark, summary, summary_error, rows, stages)
    if target.traits.why_no_metric:
        missing += frames.missing_metrics(folder, target.traits.why_no_metric)
    return Collected(status, reason, stages, source, spark, missing)


def _not_collected(error: Exception, kept: Path | None) -> Collected:
    where = f"; all that the job left is in {kept}" if kept else ""
    return Collected(
        Status.INVALID, f"the attempt cannot be collected: {error}{where}", missing=["everything: see reason"]
    )


def _record(
    lease: Lease, cell: Cell, outcome: Outcome, collected: Collected, cell_id: str, attempt: int, began: float
) -> RunRecord:
    target, run_s = target_of(lease), collected.stages.run_s
    nodes, isolation, fields = target.observer.describe(lease, outcome.launched_at)
    price = target.pricing.per_hour(lease.scenario, lease).list_usd
    revision, dirty = fingerprint.git_revision()
    return RunRecord(
        cell=cell_id,
        experiment=cell.experiment,
        target=lease.state.target,
        lease=lease.id,
        scenario=lease.scenario,
        workload=cell.workload,
        configuration={
            **cell.configuration,
            **({"script": Path(cell.script).name, "args": redacted(cell.args)} if cell.script else {}),
        },
        repeat=cell.repeat,
        attempt=attempt,
        repeat_level=cell.repeat_level,
        status=collected.status,
        reason=collected.reason,
        started_at=datetime.fromtimestamp(outcome.launched_at, UTC).isoformat(),
        ended_at=datetime.fromtimestamp(outcome.ended_at, UTC).isoformat(),
        isolation=isolation,
        nodes=nodes,
        stages=collected.stages.model_copy(update={"collect_s": time.monotonic() - began}),
        run_s_source=collected.run_s_source,
        spark=collected.spark,
        usd_per_hour=price,
        cost_usd=price * run_s / 3600 if run_s is not None else None,
        missing=collected.missing,
        git_revision=revision,
        git_dirty=dirty,
        packages=fingerprint.packages(),
        host=fingerprint.host(),
        dataset=dict(lease.state.dataset or {}),
        job_id=outcome.job_id,
        cost=target.pricing.cost(lease, cell, outcome.launched_at, outcome.ended_at),
        **{"local_cores_per_vcpu": None, **fields},
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


def redacted(args: tuple[str, ...]) -> list[str]:
    """Arguments for the record, without the values of those that are named like a secret."""
    kept: list[str] = []
    for word in args:
        after_secret = (
            bool(kept) and SECRET.search(kept[-1]) is not None and kept[-1].startswith("-") and "=" not in kept[-1]
        )
        name, equals, _ = word.partition("=")
        hidden = f"{name}=***" if equals and SECRET.search(name) else word
        kept.append("***" if after_secret and not word.startswith("-") else hidden)
    return kept


def _summary(folder: Path) -> tuple[Summary | None, str | None]:
    path = folder / "summary.json"
    try:
        return Summary.model_validate_json(path.read_text(encoding="utf-8")), None
    except FileNotFoundError:
        return None, "the job wrote no summary.json"
    except (ValidationError, json.JSONDecodeError) as error:
        return None, f"the job's summary.json is not valid: {error}"


def _stages(
    lease: Lease, outcome: Outcome, spark: SparkMetrics | None, summary: Summary | None
) -> tuple[StageSeconds, schema.RunSource | None]:
    """Seconds of each stage. The workload's own time comes from the event log, else from the job's summary."""
    begin = end = None
    source: schema.RunSource | None = None
    if spark and spark.first_task_at is not None:
        begin, end, source = spark.first_task_at, spark.last_task_at, "event_log"
    elif summary:
        begin, end, source = summary.started_at, summary.ended_at, "job"
    first_on_lease = lease.state.attempts == 0
    # A task before this attempt began would be another attempt's.
    known = begin is not None and end is not None and end >= begin >= outcome.launched_at - 1
    return StageSeconds(
        apply_s=lease.state.apply_s if first_on_lease else None,
        load_data_s=lease.state.load_data_s if first_on_lease else None,
        submit_s=begin - outcome.launched_at if known and begin else None,
        run_s=end - begin if known and begin and end else None,
        finish_s=outcome.ended_at - end if known and end else None,
    ), source


def _verdict(
    lease: Lease,
    cell: Cell,
    outcome: Outcome,
    spark: SparkMetrics | None,
    summary: Summary | None,
    summary_error: str | None,
    rows: dict[str, int],
    stages: StageSeconds,
) -> tuple[Status, str | None]:
    """Status of the attempt and one sentence why, where it is not ok."""
    if outcome.breach:
        return Status.TIMED_OUT, f"the job was stopped because a hard limit was reached: {outcome.breach}"
    if outcome.timed_out:
        return Status.TIMED_OUT, f"the job was stopped after its time limit of {cell.timeout_s:.0f} s"
    if outcome.sampler_failure:
        return Status.INVALID, outcome.sampler_failure
    if summary and summary.status == "invalid":
        return Status.INVALID, summary.error
    if outcome.exit_code != 0:
        said = summary.error if summary and summary.error else last_words(outcome.folder / "logs" / "driver.log")
        return Status.FAILED, f"exit code {outcome.exit_code}: {said}"
    if cell.script is None:
        if summary is None:
            return Status.FAILED, summary_error
        if summary.status != "ok":
            return Status.FAILED, summary.error or "the job says that it failed"
    if stages.run_s is None:
        return Status.INVALID, "the workload's own time is not known: no Spark task was launched and the job told none"
    if spark and spark.executors < (executors := max(1, lease.scenario.workers + lease.scenario.spot_workers)):
        return Status.INVALID, f"the job ran on {spark.executors} of {executors} executors"
    if dead := lifecycle.dead_parts(lease):
        return Status.INVALID, f"nodes died while it ran: {', '.join(dead)}"
    return _sampled_enough(lease, outcome, rows)


def _sampled_enough(lease: Lease, outcome: Outcome, rows: dict[str, int]) -> tuple[Status, str | None]:
    lasted_s = outcome.ended_at - outcome.launched_at
    if not (ratio := target_of(lease).traits.least_sampled_ratio):
        return Status.OK, None
    expected = max(1, int(lasted_s * ratio) - 1)
    short = {node: rows.get(node, 0) for node in lease.node_names if rows.get(node, 0) < expected}
    if short:
        named = ", ".join(f"{node} {count}" for node, count in sorted(short.items()))
        return Status.INVALID, f"too few samples for {lasted_s:.0f} s (at least {expected} per node): {named}"
    return Status.OK, None
