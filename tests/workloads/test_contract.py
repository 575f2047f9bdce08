"""The skeleton that every workload shares: configuration, results, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import wait_for
from workloads.contract import Accounts, Measurements, WorkloadConfig, run_job
from workloads.errors import InvalidRun, WorkloadError
from workloads.record import Rejected, Summary

CONFIG = {"images_uri": "images", "output_uri": "out"}


def go(tmp_path: Path, work: Any, config: str = json.dumps(CONFIG)) -> tuple[int, Summary]:
    (tmp_path / "config.json").write_text(config)
    out = tmp_path / "results"
    code = run_job("sample", WorkloadConfig, work, ["--config", str(tmp_path / "config.json"), "--out", str(out)])
    return code, Summary.model_validate_json((out / "summary.json").read_text())


def test_rows_and_summary_are_written(tmp_path: Path) -> None:
    def work(config: WorkloadConfig, measurements: Measurements) -> Accounts:
        measurements.add(operation="read", started_at=1.0, duration_s=2.0, images=10)
        return Accounts(3, 2, [Rejected(name="x", reason="why")], notes=[config.images_uri])

    code, summary = go(tmp_path, work)
    assert code == 0
    assert (summary.status, summary.items_in, summary.items_rejected, summary.notes) == ("ok", 3, 1, ["images"])
    row = json.loads((tmp_path / "results" / "measurements.jsonl").read_text())
    assert row == {"operation": "read", "started_at": 1.0, "duration_s": 2.0, "images": 10, "images_per_s": 5.0}


def test_accounts_that_do_not_add_up_fail(tmp_path: Path) -> None:
    code, summary = go(tmp_path, lambda *_: Accounts(3, 1, []))
    assert (code, summary.status) == (1, "failed")
    assert summary.error is not None
    assert "accounts do not add up" in summary.error


@pytest.mark.parametrize("error", [WorkloadError("no such bucket"), ZeroDivisionError("no such bucket")])
def test_errors_fail_and_keep_what_was_measured(tmp_path: Path, error: Exception) -> None:
    def work(_: WorkloadConfig, measurements: Measurements) -> Accounts:
        measurements.add(started_at=1.0, duration_s=2.0, images=10)
        raise error

    code, summary = go(tmp_path, work)
    assert (code, summary.status) == (1, "failed")
    assert summary.error is not None
    assert "no such bucket" in summary.error
    assert len((tmp_path / "results" / "measurements.jsonl").read_text().splitlines()) == 1


def test_a_run_other_than_configured_is_invalid(tmp_path: Path) -> None:
    def work(_: WorkloadConfig, __: Measurements) -> Accounts:
        raise InvalidRun("one node where two were asked for")

    code, summary = go(tmp_path, work)
    assert (code, summary.status, summary.error) == (1, "invalid", "one node where two were asked for")


def test_facts_reach_the_summary(tmp_path: Path) -> None:
    _, summary = go(tmp_path, lambda *_: Accounts(0, 0, [], facts={"nodes": ["10.0.0.1", "10.0.0.2"], "replicas": 2}))
    assert summary.facts == {"nodes": ["10.0.0.1", "10.0.0.2"], "replicas": 2}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"images_uri": "x"}', "output_uri: Field required"),
        (json.dumps(CONFIG | {"batchsize": 3}), "batchsize: Extra inputs.*received 3"),
        (json.dumps(CONFIG | {"images_uri": ""}), "images_uri: .*at least 1 character; received ''"),
    ],
)
def test_bad_configurations_name_field_rule_and_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str, told: str
) -> None:
    code, summary = go(tmp_path, lambda *_: Accounts(0, 0, []), config)
    assert code == 2
    assert summary.error is not None
    import re

    assert re.search(told, summary.error)
    assert summary.error in capsys.readouterr().err


def test_unknown_columns_are_a_mistake_of_the_workload() -> None:
    with pytest.raises(ValueError, match="image_per_s"):
        Measurements().add(started_at=0.0, duration_s=1.0, images=1, image_per_s=1.0)


def test_results_that_cannot_be_written_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "file").write_text("")
    arguments = ["--config", str(tmp_path / "config.json"), "--out", str(tmp_path / "file" / "x")]
    assert run_job("sample", WorkloadConfig, lambda *_: Accounts(0, 0, []), arguments) == 1
    assert "cannot write the results" in capsys.readouterr().err


def test_a_terminated_job_says_so(tmp_path: Path) -> None:
    program = tmp_path / "job.py"
    program.write_text(
        "import sys, time, pathlib\n"
        "from workloads.contract import run_job, WorkloadConfig\n"
        "def work(config, measurements):\n"
        "    pathlib.Path('begun').touch()\n"
        "    time.sleep(600)\n"
        "sys.exit(run_job('sample', WorkloadConfig, work))\n"
    )
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, str(program), "--config", "config.json", "--out", "results"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for((tmp_path / "begun").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 1
    finally:
        process.kill()
        process.wait()
    summary = Summary.model_validate_json((tmp_path / "results" / "summary.json").read_text())
    assert summary.error == "interrupted before it was done"
