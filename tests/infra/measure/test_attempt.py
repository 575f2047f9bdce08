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

from infra.base.errors import Interrupted
from infra.base.progress import Silent
from infra.inputs.experiment import Cell
from infra.measure.attempt import redacted, run_attempt
from workloads.record import Isolation, NodeLimits, RunRecord, Scenario, Status


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


class Paid:
    """A target on which every job ends well and leaves ``files`` (name: content) in the attempt's working folder."""

    QUEUE_S, POLL_S, SAMPLE_S, LEAST_SAMPLED_RATIO, WHY_NO_METRIC = 0.0, 0.01, 1.0, 0.0, None

    def __init__(self, files: dict[str, bytes], collect: Callable[[], list[str]] = list) -> None:
        self.files, self.collected = files, collect

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None

    def own_turn(self, *_: object) -> Any:
        return contextlib.nullcontext()

    alone = own_turn

    def replacements(self, *_: object) -> list[str]:
        return []

    def sampled(self, *_: object) -> Any:
        return contextlib.nullcontext(lambda: None)

    def submit(self, lease: Any, cell: Cell, folder: Path) -> Any:
        for name, content in self.files.items():
            path = lease.eventlog_dir / name[len("eventlog/") :] if name.startswith("eventlog/") else folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        driver = SimpleNamespace(poll=lambda: 0, exit_code=0, job_id=None, flaw=None)
        return contextlib.nullcontext(driver)

    def collect(self, *_: object) -> list[str]:
        return self.collected()

    def describe(self, *_: object) -> tuple[list[NodeLimits], Isolation]:
        return [], ISOLATION

    def usd_per_hour(self, *_: object) -> float:
        return 1.0

    def record_fields(self, *_: object) -> dict[str, object]:
        return {}


def attempted(tmp_path: Path, target: Paid) -> tuple[Path, RunRecord]:
    (tmp_path / "lease" / "eventlog").mkdir(parents=True)
    state = SimpleNamespace(target="local", attempts=0, apply_s=1.0, load_data_s=1.0, dataset=None)
    lease: Any = SimpleNamespace(
        id="abcdef", target=target, scenario=SHAPE, state=state, node_names=["m", "w-0", "w-1"],
        directory=tmp_path / "lease", eventlog_dir=tmp_path / "lease" / "eventlog", update=lambda **_: None,
    )  # fmt: skip
    cell = Cell("study", SHAPE, "job", {}, 0, "attempt", 60, script="job.py")
    return run_attempt(lease, cell, cell_id="cell", attempt=1, runs_dir=tmp_path / "runs", progress=Silent())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("job/measurements.jsonl", b'{"operation": "read", "furlongs": 3}\n', "furlongs"),
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
