from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.base.errors import RecordError
from infra.records import eventlog

EVENTS: list[dict[str, object]] = [
    {"Event": "SparkListenerApplicationStart", "App ID": "app-1"},
    {"Event": "SparkListenerExecutorAdded"},
    {"Event": "SparkListenerExecutorAdded"},
    {"Event": "SparkListenerJobStart"},
    {"Event": "SparkListenerStageSubmitted", "Stage Info": {"Number of Tasks": 2}},
    {"Event": "SparkListenerTaskStart", "Task Info": {"Launch Time": 2000}},
    {"Event": "SparkListenerTaskStart", "Task Info": {"Launch Time": 1500}},
    {
        "Event": "SparkListenerTaskEnd",
        "Task Info": {"Launch Time": 2000, "Finish Time": 4000, "Failed": False},
        "Task Metrics": {
            "Executor Run Time": 1500,
            "Executor CPU Time": 500_000_000,
            "JVM GC Time": 20,
            "Disk Bytes Spilled": 3,
            "Input Metrics": {"Bytes Read": 10, "Records Read": 1},
            "Shuffle Read Metrics": {"Remote Bytes Read": 5, "Local Bytes Read": 6},
            "Shuffle Write Metrics": {"Shuffle Bytes Written": 7},
        },
    },
    {"Event": "SparkListenerTaskEnd", "Task Info": {"Finish Time": 3000, "Failed": True}},
    {"Event": "SparkListenerStageCompleted"},
]


def write(folder: Path, events: list[dict[str, object]], tail: str = "") -> Path:
    path = folder / "app-1"
    path.write_text("".join(json.dumps(e) + "\n" for e in events) + tail)
    return path


def test_totals(tmp_path: Path) -> None:
    totals = eventlog.totals(write(tmp_path, EVENTS))
    assert (totals.jobs, totals.stages, totals.tasks, totals.tasks_failed, totals.executors) == (1, 1, 2, 1, 2)
    assert (totals.first_task_at, totals.last_task_at) == (1.5, 4.0)
    assert (totals.executor_run_s, totals.executor_cpu_s, totals.gc_s) == (1.5, 0.5, 0.02)
    assert (totals.input_bytes, totals.shuffle_read_bytes, totals.shuffle_write_bytes, totals.spilled_bytes) == (
        10,
        11,
        7,
        3,
    )


def test_no_task_means_no_time(tmp_path: Path) -> None:
    totals = eventlog.totals(write(tmp_path, EVENTS[:4]))
    assert totals.first_task_at is None and totals.last_task_at is None


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    assert eventlog.totals(write(tmp_path, EVENTS, tail='{"Event": "SparkLis')).tasks == 2


def test_damage_in_the_middle_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, EVENTS, tail='{"Event": broken}\n{}\n')
    with pytest.raises(RecordError, match=f"line {len(EVENTS) + 1} is not an event"):
        eventlog.totals(path)


def test_task_count_follows_a_growing_log(tmp_path: Path) -> None:
    count = eventlog.TaskCount(tmp_path)
    assert count.poll() == (0, 0)
    path = tmp_path / "app-1.inprogress"
    lines = [json.dumps(e) + "\n" for e in EVENTS]
    path.write_text("".join(lines[:5]))
    assert count.poll() == (0, 2)
    with path.open("a") as log:
        log.write("".join(lines[5:8]) + lines[8][:20])
    assert count.poll() == (1, 2)
    with path.open("a") as log:
        log.write(lines[8][20:])
    path.rename(tmp_path / "app-1")
    assert count.poll() == (2, 2)
