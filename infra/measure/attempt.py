"""One attempt of one cell on a standing lease, from submit to the finished record."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import time
import traceback
from pathlib import Path

from infra.base.errors import RecordError, is_disk_full
from infra.base.progress import Progress
from infra.clusters import lifecycle
from infra.inputs.cells import Cell
from infra.leases.lease import Lease, all_leases
from infra.measure.collect import collect, not_collected
from infra.measure.job_run import JobRun, run_job
from infra.measure.run_record import make_record
from infra.targets.registry import target_of
from workloads.record import RunRecord


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
    job: JobRun | None = None
    try:
        jobs = target_of(lease).jobs
        with jobs.exclusive(lease, all_leases(runs_dir, lease.state.target), progress):
            jobs.reset(lease)
            if lifecycle.dead_addresses(lease):
                progress.stage(f"replace dead daemons of {lease.scenario.name} ({lease.id})")
                lifecycle.apply(lease, progress)
            job = run_job(lease, cell, working, progress)
        began = time.monotonic()
        try:
            collected = collect(lease, cell, job)
        except Exception as error:  # whatever it is: the attempt has been paid for
            kept = _keep(lease, working, runs_dir / "failed" / cell.experiment, name, error)
            if is_disk_full(error):  # it would refuse the record, too
                raise
            progress.note(f"what {name} left cannot be collected ({error}); it is kept in {kept}")
            collected = not_collected(error, kept)
            working.mkdir()
        run = make_record(lease, cell, job, collected, cell_id, attempt, began)
        (working / "run.json").write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
        working.rename(final)
        lease.update(attempts=lease.state.attempts + 1)
        return final, run
    except BaseException as error:
        if working.exists() and (job is not None or isinstance(error, Exception)):
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
