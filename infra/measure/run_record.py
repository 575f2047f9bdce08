"""The record of an attempt: ``run.json``."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.measure.collect import Collected
from infra.measure.job_run import JobRun
from infra.records import fingerprint
from infra.targets.registry import target_of
from workloads.record import RunRecord

SECRET = re.compile(r"password|secret|token|credential|api-?key", re.IGNORECASE)


def make_record(
    lease: Lease, cell: Cell, job: JobRun, collected: Collected, cell_id: str, attempt: int, began: float
) -> RunRecord:
    """Everything that is known of an attempt. ``began``: when collecting began, on the monotonic clock (s)."""
    target, run_s = target_of(lease), collected.stages.run_s
    nodes, isolation, fields = target.observer.describe(lease, job.launched_at)
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
        started_at=datetime.fromtimestamp(job.launched_at, UTC).isoformat(),
        ended_at=datetime.fromtimestamp(job.ended_at, UTC).isoformat(),
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
        job_id=job.job_id,
        cost=target.pricing.cost(lease, cell, job.launched_at, job.ended_at),
        **{"local_cores_per_vcpu": None, **fields},
    )


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
