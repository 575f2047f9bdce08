"""Run a cell's job on a standing lease to its end, and say how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.base.progress import Progress
from infra.inputs.cells import Cell
from infra.leases.lease import Lease
from infra.targets.base import Driver
from infra.targets.registry import target_of
from workloads.cluster_driver import TIME_LIMIT_EXIT


@dataclass(frozen=True)
class JobRun:
    """A job that has ended; what it left lies in ``folder``. Times are Unix times."""

    folder: Path
    launched_at: float
    ended_at: float
    exit_code: int | None
    job_id: str | None = None
    timed_out: bool = False
    sampler_failure: str | None = None
    breach: str | None = None  # the hard limit that stopped it


def run_job(lease: Lease, cell: Cell, folder: Path, progress: Progress) -> JobRun:
    """Submit the job, sample the nodes while it runs, and stop it at a limit."""
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
    return JobRun(folder, launched, ended, driver.exit_code, driver.job_id, timed_out, failure, breach)


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
