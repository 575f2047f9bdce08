"""A search for what a workload does not measure is refused, or stops after the run that shows it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.search.core.problem import Limit, Objective
from infra.base.errors import UsageError
from infra.base.progress import Silent
from infra.cli.app import app
from infra.inputs.workloads import JOB, all_workloads
from infra.search import live as search
from infra.search import run as search_run
from tests.support.search import SHAPES, Counting, Noting, ran
from workloads.record import Scenario
from workloads.record.search import RunOutcome

REQUESTS = Objective("requests")
ACCURATE = Objective("cost", (Limit("accuracy", "at least", 0.9),))


def spec(*workloads: str, objective: Objective = REQUESTS) -> search.Spec:
    return search.Spec(shapes=SHAPES, workloads=workloads, objective=objective)


@pytest.mark.parametrize(
    ("workload", "arguments", "lacks", "able"),
    [
        ("write_tfrecords", ["--objective", "requests"], "requests_per_usd", "serve, stream"),
        ("train", ["--max-latency-ms", "50"], "latency_ms", "serve, stream"),
        ("serve", ["--objective", "requests", "--least-accuracy", "0.9"], "accuracy", "train"),
    ],
)
def test_an_objective_that_a_workload_does_not_measure_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: str, arguments: list[str], lacks: str, able: str
) -> None:
    monkeypatch.setattr(search_run, "check_shape", lambda *_: pytest.fail("a shape was looked at"))
    for more in ([], ["--workload", "read_speed"]):
        words = ["search", "--space", "seed", "--runs", str(tmp_path), "--workload", workload, *more, *arguments]
        result = CliRunner().invoke(app, words)
        assert isinstance(result.exception, UsageError), result.output
        assert f"needs {lacks}, which {workload} does not measure." in str(result.exception)
        assert str(result.exception).endswith(f"or a workload that does: {able}.")
    assert list(tmp_path.iterdir()) == []


def test_what_a_workload_or_script_may_measure_is_not_refused() -> None:
    search.check_objective(Objective("cost", (Limit("runtime_s", "at most", 600.0),)), all_workloads())
    search.check_objective(Objective("requests", (Limit("latency_ms", "at most", 50.0),)), ["serve", "stream"])
    search.check_objective(ACCURATE, ["train", JOB])


def test_a_script_that_does_not_measure_it_is_run_once(tmp_path: Path) -> None:
    noting, runner = Noting(), Counting(result=lambda shape: ran(shape, workload=JOB))
    found = search.search(spec(JOB), tmp_path / "s", runner, (), noting)
    assert len(runner.shapes) == 1
    assert found.winner is None
    assert found.reason == "job ended well and did not measure requests_per_usd, which the objective needs"
    assert any("needs requests_per_usd" in line for line in noting.lines)
    again = Counting()
    assert search.search(spec(JOB), tmp_path / "s", again, (), Silent()).reason == found.reason
    assert again.shapes == []


def test_a_script_that_fails_first_is_tried_elsewhere(tmp_path: Path) -> None:
    first = SHAPES[0].name

    def run(shape: Scenario) -> RunOutcome:
        values = {"accuracy": 0.95, **ran(shape).values}
        broken = shape.name != first and len(runner.shapes) < 3
        return ran(shape, workload=JOB, values={} if broken else values, status="failed" if broken else "ok")

    runner = Counting(result=run)
    found = search.search(spec(JOB, objective=ACCURATE), tmp_path / "s", runner, (), Silent())
    assert found.winner
    assert len(runner.shapes) > 3


def test_a_workload_that_measures_it_elsewhere_goes_on(tmp_path: Path) -> None:
    """A server too small to keep up with any rate ends well, and served no request within the goal."""

    def run(shape: Scenario) -> RunOutcome:
        values = ran(shape).values
        return ran(
            shape, workload="serve", values={**values, "requests_per_usd": 9.0} if len(runner.shapes) > 2 else values
        )

    runner = Counting(result=run)
    found = search.search(spec("serve"), tmp_path / "s", runner, (), Silent())
    assert len(runner.shapes) > 2
    assert found.winner


def test_a_set_with_a_script_that_does_not_measure_it_recommends_nothing(tmp_path: Path) -> None:
    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        ran_on.append(workload)
        more = {"accuracy": 0.95} if workload == "train" else {}
        return ran(shape, workload=workload, values={**ran(shape).values, **more})

    ran_on = list[str]()
    found = search.search(spec("train", JOB, objective=ACCURATE), tmp_path / "s", runner, (), Silent())
    assert ran_on.count(JOB) == 1
    assert found.winner is None
    assert found.why_none == found.reason == "job ended well and did not measure accuracy, which the objective needs"


@pytest.mark.parametrize("first", ["with it", "without"])
def test_one_run_that_measured_it_is_enough_in_whichever_order_they_end(tmp_path: Path, first: str) -> None:
    """Side by side, the run in slot 1 ends later."""

    earlier = threading.Event()

    def runner(shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        if slot == 0:
            earlier.set()
        else:
            assert earlier.wait(60)
            time.sleep(0.3)
        more = {"requests_per_usd": 9.0} if (slot == 0) == (first == "with it") else {}
        return ran(shape, workload=workload, values={**ran(shape).values, **more})

    asked = search.Spec(shapes=SHAPES, workloads=(JOB,), objective=REQUESTS, max_runs=2, parallel=2)
    found = search.search(asked, tmp_path / "s", runner, (), Silent())
    assert (len(found.runs), found.winner is not None) == (2, True)
