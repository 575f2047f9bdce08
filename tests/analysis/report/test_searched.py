"""A search in the report: progress, recommendation, runs saved; a journal cut off or damaged breaks nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.errors import DamagedRecordError, SearchError
from analysis.report.searched import read_search
from analysis.report.write import build
from analysis.search.core.problem import Limit, Objective
from tests.support.analysis import factory
from tests.support.analysis.drawing import leave_out_figures, leave_png_empty
from workloads.record.search import FILE


def outcome(shape: str, status: str = "ok", usd: float | None = 0.02, run_s: float | None = 60.0) -> dict[str, object]:
    values = {name: value for name, value in (("runtime_s", run_s), ("cost_usd", usd)) if value}
    return {"event": "outcome", "shape": shape, "status": status, "values": values, "metrics": {}, "paid_usd": usd,
            "reason": None, "record": None}  # fmt: skip


def journal(folder: Path, *outcomes: dict[str, object], objective: str = "cost", tail: str = "") -> None:
    folder.mkdir(exist_ok=True)
    events: list[dict[str, object]] = [
        {"event": "search", "workload": "write_tfrecords", "objective": objective, "strategy": "bakeoff", "seed": 0,
         "shapes": [{"name": f"s{i}"} for i in range(8)]},
    ]  # fmt: skip
    for one in outcomes:
        events += [{"event": "proposal", "shape": one["shape"], "reason": "expected to gain <10 %>"}, one]
    (folder / FILE).write_text("".join(json.dumps(event) + "\n" for event in events) + tail)


def test_the_best_within_the_limits_is_recommended_and_runs_are_saved(tmp_path: Path) -> None:
    journal(
        tmp_path, outcome("s1", usd=0.03), outcome("s2", usd=0.01, run_s=900.0), outcome("s3", "failed", usd=0.005),
        outcome("s4", usd=0.02), outcome("s5", usd=None), objective="cost with runtime_s at most 600",
        tail='{"event": "prop',
    )  # fmt: skip
    search = read_search(tmp_path)
    assert search is not None and search.recommended is not None
    assert search.recommended.shape == "s4"
    assert [run.best for run in search.runs] == [0.03, 0.03, 0.03, 0.02, 0.02]
    assert [run.feasible for run in search.runs] == [True, False, False, True, False]
    assert search.saved == 3
    assert search.paid_usd == pytest.approx(0.065)
    assert "Recommended: s4, at $0.0200 per run" in search.text
    assert "5 runs of 8 candidates for $0.0650: 3 runs saved" in search.text


def test_one_shape_for_a_set_is_recommended_with_losses_and_what_was_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_png_empty(monkeypatch)
    factory.write(tmp_path, factory.run_json(), measurements=[factory.measurement(7.5, operation="write")])
    runs = [("s1", "a", 0.03), ("s2", "b", 0.5), ("s1", "b", 0.9), ("s3", "a", 0.01), ("s4", "b", None)]
    lines: list[dict[str, object]] = [
        {"event": "search", "workload": ["a", "b"], "objective": "cost", "strategy": "micky", "seed": 0,
         "shapes": [{"name": f"s{i}"} for i in range(8)]},
    ]  # fmt: skip
    for shape, workload, usd in runs:
        lines.append({"event": "proposal", "shape": shape, "workload": workload, "reason": f"why {workload}"})
        lines.append({**outcome(shape, "ok" if usd else "failed", usd), "workload": workload})
    (tmp_path / "demo" / FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    search = read_search(tmp_path / "demo")
    assert search is not None and search.shared is not None
    assert search.recommended is None
    assert [run.best for run in search.runs] == [0.03, 0.5, 0.5, 0.01, 0.5]
    assert search.shapes[search.shared.index] == "s3"
    assert "Recommended for all of a, b: s3." in search.text
    assert "The own optimum of a, b was not measured: an estimate." in search.text
    assert "not run on it, run on 3 of 8" in search.text
    assert "5 runs of 16 workload-shape pairs for $1.44: 11 runs saved" in search.text
    page = build(tmp_path, "demo", tmp_path / "out").page.read_text()
    assert "Recommended for all of a, b: s3." in page and "why b" in page
    assert 'id="figure-search-progress"' not in page
    (tmp_path / "demo" / FILE).write_text("".join(json.dumps(line) + "\n" for line in lines[:3]))
    search = read_search(tmp_path / "demo")
    assert search is not None and search.text.startswith(
        "No recommendation of one shape for a and b: no workload ended well on two shapes, so no two shapes were compared; "
        "give it more runs. 1 run of 16"
    )
    failed = [lines[0], *({**line, "status": "failed"} for line in lines[2::2])]
    (tmp_path / "demo" / FILE).write_text("".join(json.dumps(line) + "\n" for line in failed))
    search = read_search(tmp_path / "demo")
    assert search is not None and "for a and b: every run failed or broke a limit. 5 runs" in search.text


@pytest.mark.parametrize(
    "objective",
    [
        Objective("cost"),
        Objective("time", (Limit("cost_usd", "at most", 0.5), Limit("accuracy", "at least", 0.9))),
        Objective("weighted", (), 0.25),
        Objective("requests", (Limit("latency_ms", "at most", 100.0),)),
    ],
)
def test_an_objective_is_read_as_it_is_printed(objective: Objective) -> None:
    assert Objective.parse(str(objective)) == objective


@pytest.mark.parametrize("text", ["", "price", "cost with speed", "cost with accuracy at most many"])
def test_what_is_no_objective_is_refused(text: str) -> None:
    with pytest.raises((SearchError, ValueError)):
        Objective.parse(text)


def test_no_journal_is_no_search_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert read_search(tmp_path) is None
    for text in ("", '{"event": "search"}\n', '{\n{"event": "search"}\n'):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(DamagedRecordError, match=r"search\.jsonl cannot be read"):
            read_search(tmp_path)


SET: dict[str, object] = {
    "event": "search", "workload": ["a", "b"], "objective": "cost", "strategy": "micky", "seed": 0,
    "shapes": [{"name": f"s{i}"} for i in range(4)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "event", "message"),
    [
        ({}, {"shape": "s9"}, "line 3 is damaged: the search has no shape 's9'"),
        ({}, {"workload": "c"}, "line 3 is damaged: the search has no workload 'c'"),
        ({}, {"shape": "s0"}, "line 3 is damaged: a on s0 ended before"),
        ({"workload": ["a", "b", "a"]}, {}, r"line 1 is damaged: .*\n.*\n.*named once; received a twice"),
        ({"workload": []}, {}, r"line 1 is damaged: .*\n.*\n.*names no workload"),
        ({"shapes": [{}]}, {}, r"line 1 is damaged: .*\n.*\n.*must have a name"),
    ],
)
def test_a_set_journal_with_what_is_not_of_the_set_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: dict[str, object], event: dict[str, object], message: str
) -> None:
    leave_png_empty(monkeypatch)
    leave_out_figures(monkeypatch)
    factory.write(tmp_path, factory.run_json(), measurements=[factory.measurement(7.5, operation="write")])
    whole = {**outcome("s1"), "workload": "a"}
    lines = [{**SET, **first}, {**whole, "shape": "s0"}, {**whole, **event}]
    (tmp_path / "demo" / FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(DamagedRecordError, match=message):
        read_search(tmp_path / "demo")
    page = build(tmp_path, "demo", tmp_path / "out").page.read_text()
    assert 'id="search"' not in page and "search.jsonl cannot be read" in page


def test_the_report_of_a_search_shows_it_and_one_of_a_damaged_journal_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_png_empty(monkeypatch)
    factory.write(tmp_path, factory.run_json(), measurements=[factory.measurement(7.5, operation="write")])
    journal(tmp_path / "demo", outcome("s1", usd=0.03), outcome("s2", usd=0.01))
    report = build(tmp_path, "demo", tmp_path / "out")
    page = report.page.read_text()
    assert "Recommended: s2" in page and "Recommended: s2" in report.markdown.read_text()
    assert 'id="figure-search-progress"' in page
    assert "expected to gain &lt;10 %&gt;" in page
    assert (tmp_path / "out" / "tables" / "search.csv").read_text().count("\n") == 3
    (tmp_path / "demo" / FILE).write_text("{\n{}\n")
    leave_out_figures(monkeypatch)
    page = build(tmp_path, "demo", tmp_path / "out").page.read_text()
    assert 'id="search"' not in page
    assert "search.jsonl cannot be read" in page
