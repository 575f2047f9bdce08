"""Adaptive repeats of a bench: it goes on while it is noisy, ends when it is known, keeps its budget, and resumes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.compare.stopping import read_decisions
from analysis.errors import DamagedRecordError
from analysis.report.write import build
from infra.base.errors import UsageError
from infra.base.options import Options
from infra.inputs.cells import Cell
from infra.inputs.experiment import Adaptive, Experiment, WorkloadSpec, check
from infra.measure import bench as benches
from infra.measure.rows import Row, Rows
from infra.records.reader import read_record
from tests.support.analysis import factory
from tests.support.analysis.drawing import leave_out_figures

SCRIPT = Path(__file__)  # any file: nothing runs it


class Quiet:
    def __init__(self) -> None:
        self.said: list[str] = []

    def stage(self, text: str) -> None: ...

    def advance(self, done: int, total: int, unit: str) -> None: ...

    def note(self, text: str) -> None:
        self.said.append(text)


class NoPool:
    """Stands for the clusters: opening it says for which scenarios."""

    opened: list[list[str]]

    def __init__(
        self,
        experiment: Experiment,
        scenarios: object,
        options: Options,
        dataset: object,
        progress: object,
        **_: object,
    ) -> None:
        self.options = options

    @contextmanager
    def open(self, scenarios: Any) -> Iterator[None]:
        NoPool.opened.append(list(scenarios))
        yield


def experiment(**changes: Any) -> Experiment:
    adaptive = Adaptive(**{"width": 0.05, "max_repeats": 12, **changes})
    return Experiment(
        name="demo", scenarios=["four-small-ssd", "one-large-ssd"], repeats=5, repeat_level="lease", adaptive=adaptive,
        workloads=[WorkloadSpec(name="job", script=str(SCRIPT))],
    )  # fmt: skip


@pytest.fixture
def measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[Row], Quiet]]:
    """Run a bench whose cells take the run times that a function gives for scenario and repeat."""
    NoPool.opened = []
    monkeypatch.setattr(benches, "Pool", NoPool)
    monkeypatch.setattr(benches, "_conditions", lambda *_: {})

    def run(spec: Experiment, run_s: Callable[[str, int], float]) -> tuple[list[Row], Quiet]:
        def cell_run(cell: Cell, name: str, pool: NoPool, rows: Rows, progress: object) -> None:
            now = datetime.fromtimestamp(time.time(), UTC).isoformat()
            record = factory.run_json(
                cell.scenario.name, "job", cell.repeat, run_s=run_s(cell.scenario.name, cell.repeat), cell=name,
                lease=f"{cell.scenario.name[0]}{cell.repeat}", repeat_level="lease", started_at=now, ended_at=now,
            )  # fmt: skip
            path = factory.write(tmp_path, record)
            rows.add(cell, path, read_record(path))

        monkeypatch.setattr(benches, "_run_cell", cell_run)
        quiet = Quiet()
        return benches.bench(spec, Options(runs_dir=tmp_path), quiet), quiet

    return run


def steady(scenario: str, repeat: int) -> float:
    return 40.0 + 0.2 * (repeat % 3)


def noisy(scenario: str, repeat: int) -> float:
    return 40.0 * (1.6 if repeat % 2 else 1.0)


def test_a_steady_metric_ends_after_the_least_repeats(measure: Any, tmp_path: Path) -> None:
    rows, quiet = measure(experiment(), steady)
    assert len(rows) == 10
    assert {row.status for row in rows} == {"ok"}
    assert "after 5 repeats: every group is known to within 5.0%; stopping" in quiet.said
    (decision,) = json.loads((tmp_path / "demo" / "stopping.json").read_text())
    assert (decision["repeats"], decision["stop"]) == (5, True)
    assert [group["n"] for group in decision["groups"]] == [5, 5]


def test_one_noisy_scenario_keeps_whole_blocks_going_to_the_end(
    measure: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_out_figures(monkeypatch)
    rows, quiet = measure(
        experiment(), lambda scenario, repeat: (noisy if scenario[0] == "o" else steady)(scenario, repeat)
    )
    assert len(rows) == 24
    assert any("the budget of 12 repeats is spent (1 of 2 open" in text for text in quiet.said)
    decided = read_decisions(tmp_path / "demo")
    assert [(one.repeats, one.stop) for one in decided] == [(n, n == 12) for n in range(5, 13)]
    page = build(tmp_path, "demo", tmp_path / "out").page.read_text()
    assert "Repeated 12 times: the budget of 12 repeats is spent" in page
    (tmp_path / "demo" / "stopping.json").write_text("{}{")
    with pytest.raises(DamagedRecordError, match=r"stopping\.json cannot be read"):
        read_decisions(tmp_path / "demo")
    assert {row.repeat for row in rows if row.scenario == "four-small-ssd"} == set(range(12))


def test_a_budget_of_money_ends_it(measure: Any) -> None:
    per_block = (0.62 * 59 + 0.49 * 59) / 3600  # about: run times, and the other stages
    rows, quiet = measure(experiment(max_usd=7.5 * per_block), noisy)
    assert 12 <= len(rows) <= 18
    assert any("is spent" in text for text in quiet.said)


def test_a_budget_of_time_ends_it_and_counts_earlier_sessions(measure: Any) -> None:
    rows, _ = measure(experiment(max_repeats=6), noisy)
    assert len(rows) == 12
    rows, quiet = measure(experiment(max_repeats=12, max_minutes=1), noisy)  # the records alone are more than that
    assert len(rows) == 12
    assert any("the budget of 1 minutes is spent" in text for text in quiet.said)


def test_a_bench_that_has_measured_enough_brings_no_cluster_up_again(measure: Any) -> None:
    measure(experiment(), steady)
    rows, _ = measure(experiment(), noisy)
    assert [row.status for row in rows] == ["done_before"] * 10
    assert NoPool.opened[-1] == []


def test_without_adaptive_every_repeat_is_made(measure: Any, tmp_path: Path) -> None:
    rows, _ = measure(experiment().model_copy(update={"adaptive": None}), steady)
    assert len(rows) == 10
    assert not (tmp_path / "demo" / "stopping.json").exists()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (experiment().model_copy(update={"repeats": 3}), "repeats must be at least 5 with .adaptive.*received 3"),
        (experiment(max_repeats=4), r"adaptive.max_repeats must be at least repeats \(5\); received 4"),
    ],
)
def test_rules_of_the_file(spec: Experiment, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check(spec)


def test_an_unknown_metric_is_refused_before_anything_is_brought_up(measure: Any) -> None:
    with pytest.raises(UsageError, match=r"adaptive.metric: The metric must be one of run_s.*received 'speed'"):
        measure(experiment(metric="speed"), steady)
    assert NoPool.opened == []


def test_the_least_is_that_of_a_verdict() -> None:
    from analysis.statistics.intervals import MIN_REPEATS
    from infra.inputs.experiment import LEAST_ADAPTIVE

    assert LEAST_ADAPTIVE == MIN_REPEATS
