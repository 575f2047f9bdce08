"""Whether an attempt is a measurement: its status, and one sentence why where it is not ok."""

from __future__ import annotations

from infra.base.logs import last_words
from infra.clusters import lifecycle
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.measure.job_run import JobRun
from infra.targets.registry import target_of
from workloads.record import SparkMetrics, StageSeconds, Status, Summary


def judge(
    lease: Lease,
    cell: Cell,
    job: JobRun,
    spark: SparkMetrics | None,
    summary: Summary | None,
    summary_error: str | None,
    rows: dict[str, int],
    stages: StageSeconds,
) -> tuple[Status, str | None]:
    """Status of the attempt and one sentence why, where it is not ok."""
    if job.breach:
        return Status.TIMED_OUT, f"the job was stopped because a hard limit was reached: {job.breach}"
    if job.timed_out:
        return Status.TIMED_OUT, f"the job was stopped after its time limit of {cell.timeout_s:.0f} s"
    if job.sampler_failure:
        return Status.INVALID, job.sampler_failure
    if summary and summary.status == "invalid":
        return Status.INVALID, summary.error
    if job.exit_code != 0:
        said = summary.error if summary and summary.error else last_words(job.folder / "logs" / "driver.log")
        return Status.FAILED, f"exit code {job.exit_code}: {said}"
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
    return _sampled_enough(lease, job, rows)


def _sampled_enough(lease: Lease, job: JobRun, rows: dict[str, int]) -> tuple[Status, str | None]:
    lasted_s = job.ended_at - job.launched_at
    if not (ratio := target_of(lease).traits.least_sampled_ratio):
        return Status.OK, None
    expected = max(1, int(lasted_s * ratio) - 1)
    short = {node: rows.get(node, 0) for node in lease.node_names if rows.get(node, 0) < expected}
    if short:
        named = ", ".join(f"{node} {count}" for node, count in sorted(short.items()))
        return Status.INVALID, f"too few samples for {lasted_s:.0f} s (at least {expected} per node): {named}"
    return Status.OK, None
