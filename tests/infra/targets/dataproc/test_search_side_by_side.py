"""Runs of a search side by side on a fake Google Cloud, by ``bench`` as it is: in threads, with what that takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from analysis.search.core.problem import Objective
from infra.base.errors import Interrupted, UsageError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.base.signals import Interruptible
from infra.inputs.experiment import DataSpec, WorkloadSpec
from infra.inputs.scenario import load_scenario
from infra.search import live as search
from infra.search import loop as search_loop
from infra.search.run import bench_runner
from infra.targets.dataproc.target import TARGET
from tests.support.google.life import StubTerraform, run_for_real
from tests.support.google.project_life import Project
from tests.support.waiting import wait_for
from workloads.record.search import FILE

SHAPES = [load_scenario(name) for name in ("four-small-ssd", "one-large-ssd")]
CONFIG = {"sources": ["bucket"], "batch_sizes": [4], "batch_counts": [2], "repetitions": 1}
SPEC = search.Spec(SHAPES, ("read_speed",), Objective("cost"), strategy="exhaustive", parallel=2, max_usd=4.0)


@pytest.fixture
def found(project: Project, stub: StubTerraform, images: Path, tmp_path: Path) -> Callable[[], search.Found]:
    """The search; both shapes at once."""

    def run() -> search.Found:
        heeding = Interruptible(Silent())
        workloads = [WorkloadSpec(name="read_speed", config=dict(CONFIG))]
        options = Options(tmp_path / "runs", target="gcp")
        runner = bench_runner("found", workloads, DataSpec(images=str(images)), 280.0, options, heeding)
        return search.search(SPEC, tmp_path / "runs" / "found", runner, (), Silent(), heeding.interrupt)

    return run


@pytest.mark.timeout(600)
def test_both_shapes_are_run_and_paid_for_from_creation_to_end(
    project: Project, found: Callable[[], search.Found], tmp_path: Path
) -> None:
    project.dataproc.on_submit = run_for_real(project, tmp_path)
    result = found()
    assert [run["status"] for run in result.runs] == ["ok", "ok"], result.runs
    assert result.winner is not None and result.reason == "every candidate has been run"
    assert result.paid_usd > sum(run["values"]["cost_usd"] for run in result.runs)
    assert project.dataproc.clusters == {}
    assert len(project.dataproc.jobs) == 2
    assert {Path(run["record"]).parent.name for run in result.runs} == {"found"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_cluster_that_is_refused_beside_another_is_made_after_it(
    project: Project, found: Callable[[], search.Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quota suffices for one of them at a time."""
    project.dataproc.on_submit = run_for_real(project, tmp_path)
    both, checked = threading.Barrier(2, timeout=120), list[object]()
    check = TARGET.check

    def quota(*arguments: Any, **more: Any) -> None:
        if len(checked) < 2:
            checked.append(arguments)
            if both.wait() == 0:
                raise UsageError("The quota CPUS does not suffice.")
        check(*arguments, **more)

    monkeypatch.setattr(TARGET, "check", quota)
    result = found()
    assert [run["status"] for run in result.runs] == ["ok", "ok"], result.runs
    assert result.reason == "every candidate has been run"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_interrupt_ends_both_runs_in_their_teardown(
    project: Project, found: Callable[[], search.Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.dataproc.script = [("RUNNING", "")]  # for ever

    def press(*arguments: Any, **more: Any) -> Any:
        wait_for(lambda: len(project.dataproc.jobs) == 2)
        raise Interrupted("Stopped by SIGINT.")

    monkeypatch.setattr(search_loop, "wait", press)
    began = time.monotonic()
    with pytest.raises(Interrupted, match="Stopped by SIGINT"):
        found()
    assert time.monotonic() - began < 250, "their time limit was waited for"
    assert [job.status.state.name for job in project.dataproc.jobs.values()] == ["CANCELLED", "CANCELLED"]
    assert project.dataproc.clusters == {}
    assert list((tmp_path / "runs" / "leases").iterdir()) == []
    assert '"outcome"' not in (tmp_path / "runs" / "found" / FILE).read_text()

    monkeypatch.setattr(search_loop, "wait", wait)
    project.dataproc.on_submit = run_for_real(project, tmp_path)
    assert [run["status"] for run in found().runs] == ["ok", "ok"]
