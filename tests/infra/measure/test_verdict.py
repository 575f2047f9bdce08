"""When an attempt is not ok: no samples, a dead sampler, missing executors, a job that lies, a shape that does not fit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.base.errors import UsageError
from infra.base.options import Options
from infra.inputs.scenario import load_scenario
from infra.measure import verdict
from infra.measure.job_run import JobRun
from infra.targets.local.target import TARGET
from workloads.record import SparkMetrics, StageSeconds, Status, Summary

SUMMARY = Summary(
    workload="w", status="ok", items_in=2, items_out=2, items_rejected=0, started_at=100.5, ended_at=109.0
)
STAGES = StageSeconds(run_s=8.5)
ROWS = {"m": 10, "w-0": 10, "w-1": 10}


@pytest.fixture
def lease(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(TARGET.provisioner, "dead_parts", lambda lease: {})
    return SimpleNamespace(
        state=SimpleNamespace(target="local"),
        scenario=SimpleNamespace(workers=2, spot_workers=0),
        node_names=["m", "w-0", "w-1"],
    )


def judge(
    lease: Any, tmp_path: Path, rows: dict[str, int] = ROWS, summary: Summary | None = SUMMARY, **changes: Any
) -> tuple[Status, str | None]:
    facts: dict[str, Any] = {"exit_code": 0, **changes}
    spark = facts.pop("spark", None)
    stages = facts.pop("stages", STAGES)
    cell: Any = SimpleNamespace(timeout_s=300, script=facts.pop("script", None))
    job = JobRun(folder=tmp_path, launched_at=100.0, ended_at=110.0, **facts)
    return verdict.judge(lease, cell, job, spark, summary, "the job wrote no summary.json", rows, stages)


def metrics(executors: int) -> SparkMetrics:
    zeros = dict.fromkeys((name for name, f in SparkMetrics.model_fields.items() if f.annotation in (int, float)), 0)
    return SparkMetrics(
        **{**zeros, "executors": executors}, application_id="a", first_task_at=101.0, last_task_at=109.0
    )


def test_a_whole_attempt_is_ok(lease: Any, tmp_path: Path) -> None:
    assert judge(lease, tmp_path) == (Status.OK, None)
    assert judge(lease, tmp_path, spark=metrics(2)) == (Status.OK, None)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"rows": {}}, Status.INVALID, "m 0, w-0 0, w-1 0"),
        ({"rows": {**ROWS, "w-1": 2}}, Status.INVALID, "w-1 2"),
        ({"sampler_failure": "the sampler ended early with exit code -9"}, Status.INVALID, "sampler"),
        ({"timed_out": True}, Status.TIMED_OUT, "300 s"),
        ({"exit_code": 1}, Status.FAILED, "exit code 1"),
        (
            {"exit_code": 1, "summary": SUMMARY.model_copy(update={"status": "invalid", "error": "one node of two"})},
            Status.INVALID,
            "one node of two",
        ),
        ({"summary": None}, Status.FAILED, "no summary.json"),
        ({"stages": StageSeconds()}, Status.INVALID, "own time is not known"),
        ({"spark": metrics(1)}, Status.INVALID, "1 of 2 executors"),
    ],
)
def test_what_makes_it_less(lease: Any, tmp_path: Path, changes: dict[str, Any], status: Status, words: str) -> None:
    found, reason = judge(lease, tmp_path, **changes)
    assert found is status
    assert reason is not None
    assert words in reason


def test_a_node_that_died_makes_it_invalid(lease: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TARGET.provisioner, "dead_parts", lambda lease: {"w-1": "module.worker"})
    assert judge(lease, tmp_path) == (Status.INVALID, "nodes died while it ran: w-1")


def test_accounts_that_do_not_add_up_are_no_summary() -> None:
    with pytest.raises(ValueError, match="3 images in, 2 out"):
        Summary.model_validate({**SUMMARY.model_dump(), "items_in": 3})
    with pytest.raises(ValueError, match="named with a reason"):
        Summary.model_validate({**SUMMARY.model_dump(), "items_out": 1, "items_rejected": 1})


def test_a_shape_that_does_not_fit_is_refused_with_the_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"needed \d+ MB .*eight-tiny-standard \d+ MB.* available \d+ MB.*Close programs"
    ):
        TARGET.check([load_scenario("eight-tiny-standard")], Options(tmp_path, local_cores_per_vcpu=4.0 * 100))
