"""Read Spark's event log: totals of one application, and its first and last task.

The log is one JSON object per line (https://spark.apache.org/docs/3.5.0/monitoring.html); times in it are
Unix milliseconds, ``Executor CPU Time`` is nanoseconds, everything else that is a time is milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.base.errors import RecordError
from workloads.record import SparkMetrics


def find_log(folder: Path) -> Path | None:
    """The newest event log in a folder, finished or still in progress."""
    logs = [p for p in folder.glob("*") if p.is_file() and not p.name.startswith(".")]
    return max(logs, key=lambda p: p.stat().st_mtime, default=None)


def read_events(path: Path) -> Iterator[dict[str, object]]:
    """Events of a log, in order. A last line cut short (the driver was killed) is left out."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                if line.endswith("\n"):
                    raise RecordError(f"{path} line {number} is not an event: {error}") from error
                return


def totals(path: Path) -> SparkMetrics:
    """Totals over one application's log."""
    n = _Counter()
    for event in read_events(path):
        n.add(event)
    return SparkMetrics(
        application_id=n.application_id,
        jobs=n.jobs,
        stages=n.stages,
        tasks=n.tasks,
        tasks_failed=n.tasks_failed,
        executors=n.executors,
        executor_run_s=n.sums["Executor Run Time"] / 1e3,
        executor_cpu_s=n.sums["Executor CPU Time"] / 1e9,
        gc_s=n.sums["JVM GC Time"] / 1e3,
        input_bytes=n.sums["Input.Bytes Read"],
        input_records=n.sums["Input.Records Read"],
        output_bytes=n.sums["Output.Bytes Written"],
        output_records=n.sums["Output.Records Written"],
        shuffle_read_bytes=n.sums["Shuffle Read.Remote Bytes Read"] + n.sums["Shuffle Read.Local Bytes Read"],
        shuffle_write_bytes=n.sums["Shuffle Write.Shuffle Bytes Written"],
        spilled_bytes=n.sums["Disk Bytes Spilled"],
        first_task_at=n.first_task_ms / 1e3 if n.first_task_ms is not None else None,
        last_task_at=n.last_task_ms / 1e3 if n.last_task_ms is not None else None,
    )


_PLAIN = ("Executor Run Time", "Executor CPU Time", "JVM GC Time", "Disk Bytes Spilled")
_NESTED = (
    ("Input", "Bytes Read"),
    ("Input", "Records Read"),
    ("Output", "Bytes Written"),
    ("Output", "Records Written"),
    ("Shuffle Read", "Remote Bytes Read"),
    ("Shuffle Read", "Local Bytes Read"),
    ("Shuffle Write", "Shuffle Bytes Written"),
)


class _Counter:
    def __init__(self) -> None:
        self.application_id: str | None = None
        self.jobs = self.stages = self.tasks = self.tasks_failed = self.executors = 0
        self.first_task_ms: int | None = None
        self.last_task_ms: int | None = None
        self.sums = dict.fromkeys((*_PLAIN, *(f"{a}.{b}" for a, b in _NESTED)), 0)

    def add(self, event: dict[str, object]) -> None:
        match event.get("Event"):
            case "SparkListenerApplicationStart":
                self.application_id = str(event.get("App ID"))
            case "SparkListenerJobStart":
                self.jobs += 1
            case "SparkListenerStageCompleted":
                self.stages += 1
            case "SparkListenerExecutorAdded":
                self.executors += 1
            case "SparkListenerTaskStart":
                launched = _section(event, "Task Info").get("Launch Time", 0)
                self.first_task_ms = launched if self.first_task_ms is None else min(self.first_task_ms, launched)
            case "SparkListenerTaskEnd":
                self._task_ended(event)

    def _task_ended(self, event: dict[str, object]) -> None:
        info = _section(event, "Task Info")
        self.tasks += 1
        self.tasks_failed += bool(info.get("Failed"))
        self.last_task_ms = max(self.last_task_ms or 0, info.get("Finish Time", 0))
        metrics = _section(event, "Task Metrics")
        for name in _PLAIN:
            self.sums[name] += int(metrics.get(name, 0))
        for group, name in _NESTED:
            self.sums[f"{group}.{name}"] += int(_section(metrics, f"{group} Metrics").get(name, 0))


def _section(event: dict[str, object] | dict[str, int], name: str) -> dict[str, int]:
    section = event.get(name)
    return section if isinstance(section, dict) else {}


@dataclass
class TaskCount:
    """Follows a growing event log: how many tasks ended, of how many in the stages submitted so far."""

    folder: Path
    done: int = 0
    total: int = 0
    _path: Path | None = None
    _offset: int = 0

    def poll(self) -> tuple[int, int]:
        """Read what was appended since the last call; returns tasks done and tasks known."""
        path = self._path if self._path and self._path.exists() else find_log(self.folder)
        if path is None:
            return self.done, self.total
        self._path = path
        with path.open("rb") as log:
            log.seek(self._offset)
            chunk = log.read()
        whole = chunk[: chunk.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            if b'"SparkListenerTaskEnd"' in line[:60]:
                self.done += 1
            elif b'"SparkListenerStageSubmitted"' in line[:60]:
                self.total += int(_section(json.loads(line), "Stage Info").get("Number of Tasks", 0))
        return self.done, self.total
