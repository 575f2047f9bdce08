"""An attempt's arguments in the record, and what becomes of an attempt that cannot be collected."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.base.checks import Check
from infra.base.errors import Interrupted
from infra.base.options import Options
from infra.base.progress import Silent
from infra.inputs.cells import Cell
from infra.leases.lease import Lease, LeaseState
from infra.measure.attempt import run_attempt
from infra.measure.run_record import redacted
from infra.targets.base import Description, Jobs, Observer, Target, Traits
from infra.targets.local.leftovers import LocalSweeper
from infra.targets.local.target import LocalPricing
from workloads.record import Isolation, RunRecord, Scenario, Status


def test_arguments_named_like_a_secret_are_not_recorded() -> None:
    args = ("--input", "data.csv", "--password", "hunter2", "--api-key=abc", "--token", "--verbose", "x=1")
    assert redacted(args) == [
        "--input",
        "data.csv",
        "--password",
        "***",
        "--api-key=***",
        "--token",
        "--verbose",
        "x=1",
    ]


SHAPE = Scenario(
    name="two-small", workers=2, machine_type="n1-standard-1", master_machine_type="n1-standard-1",
    disk_type="pd-ssd", disk_gb=100,
)  # fmt: skip
ISOLATION = Isolation(mode="none", cpu=None, memory=None, network=None, disk=None)


class Paid(Target):
    """A target on which every job ends well and leaves ``files`` (name: content) in the attempt's working folder."""

    name, traits, sweeper, pricing = "local", Traits(poll_s=0.01, sample_s=1.0), LocalSweeper(), LocalPricing()

    def __init__(self, files: dict[str, bytes], collect: Callable[[], list[str]] = list) -> None:
        self.jobs, self.observer = PaidJobs(files), PaidObserver(collect)

    def conditions(self, options: Options) -> dict[str, object]:
        return {}

    def new_state(self, *_: object) -> Any:
        raise NotImplementedError

    def doctor(self, runs_dir: Path) -> list[Check]:
        return []


class PaidJobs(Jobs):
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def load(self, *_: object) -> None:
        raise NotImplementedError

    def submit(self, lease: Lease, cell: Cell, folder: Path) -> Any:
        for name, content in self.files.items():
            path = lease.eventlog_dir / name[len("eventlog/") :] if name.startswith("eventlog/") else folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return contextlib.nullcontext(SimpleNamespace(poll=lambda: 0, exit_code=0, job_id=None, flaw=None))


class PaidObserver(Observer):
    def __init__(self, collect: Callable[[], list[str]]) -> None:
        self.collected = collect

    def collect(self, *_: object) -> list[str]:
        return self.collected()

    def describe(self, *_: object) -> Description:
        return Description([], ISOLATION, {})


def attempted(tmp_path: Path, target: Paid) -> tuple[Path, RunRecord]:
    (tmp_path / "lease" / "eventlog").mkdir(parents=True)
    facts = {"id": "abcdef", "stage": "up", "owner_pid": 1, "owner_ticks": 1, "kept": False, "experiment": None}
    state = {**facts, "created_at": "2026-01-01", "expires_at": "2026-01-01", "scenario": SHAPE, "target_state": {}}
    lease = Lease(tmp_path / "lease", LeaseState.model_validate(state))
    cell = Cell("study", SHAPE, "job", {}, 0, "attempt", 60, script="job.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.targets.registry.open_target", lambda name: target)
        return run_attempt(lease, cell, cell_id="cell", attempt=1, runs_dir=tmp_path / "runs", progress=Silent())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("job/measurements.jsonl", b'{"operation": "read", "furlongs": [3]}\n', "furlongs"),
        ("job/measurements.jsonl", b'{"operation": "read", "images": "many"}\n', "wrong type"),
        ("eventlog/app-1", b"\x28\xb5\x2f\xfd no text at all\n", "codec"),
        ("nodes.jsonl", b'{"node": "m"}\n', "ts"),
    ],
)
def test_what_cannot_be_collected_is_kept_and_the_record_says_where(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path, run = attempted(tmp_path, Paid({"logs/driver.log": b"it ran\n", name: content}))
    kept = tmp_path / "runs" / "failed" / "study" / "cell"
    assert run.status is Status.INVALID
    assert said in (run.reason or "")
    assert str(kept) in (run.reason or "")
    assert run.stages.run_s is None
    assert RunRecord.model_validate_json((path / "run.json").read_text()) == run
    assert (kept / "logs" / "driver.log").read_bytes() == b"it ran\n"
    assert said in (kept / "reason.txt").read_text()
    assert content in [file.read_bytes() for file in kept.rglob("*") if file.is_file()]
    assert list((tmp_path / "runs").glob("*/.tmp-*")) == []


def test_what_fails_before_the_event_log_is_read_does_not_lose_it(tmp_path: Path) -> None:
    def denied() -> list[str]:
        raise PermissionError(errno.EACCES, "denied")

    _, run = attempted(tmp_path, Paid({"eventlog/app-1": b"{}\n"}, denied))
    assert "denied" in (run.reason or "")
    assert (tmp_path / "runs" / "failed" / "study" / "cell" / "eventlog" / "app-1").read_bytes() == b"{}\n"


def test_on_a_full_disk_the_logs_stay_and_the_error_goes_on(tmp_path: Path) -> None:
    def full() -> list[str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"):
        attempted(tmp_path, Paid({"logs/driver.log": b"it ran\n"}, full))
    assert (tmp_path / "runs" / "failed" / "study" / "cell" / "logs" / "driver.log").exists()


def test_an_interrupt_while_collecting_loses_nothing(tmp_path: Path) -> None:
    def interrupted() -> list[str]:
        raise Interrupted("Stopped by SIGINT.")

    with pytest.raises(Interrupted):
        attempted(tmp_path, Paid({"logs/driver.log": b"it ran\n"}, interrupted))
    assert (tmp_path / "runs" / "failed" / "study" / "cell" / "logs" / "driver.log").exists()
