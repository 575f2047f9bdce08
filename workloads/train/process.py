"""A training process seen from outside: what it is told, what it answers, and how it is watched.

Training runs in a process of its own, on a laptop, in a Spark task and on Vertex AI alike: whoever started it can tell a
step that takes long from a peer that is dead, end it, and say in a sentence what happened, even where TensorFlow waits
for ever, or aborts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workloads import errors
from workloads.errors import MissingPackage, StorageError, WorkloadError
from workloads.train.cluster_spec import ClusterSpec
from workloads.train.config import TrainConfig

PRETRAINED = "pretrained.h5"  # in output_uri, while a run that starts from pretrained weights lasts
POLL_S = 0.2
STOP_S = 5.0
BUSY_RATIO = 0.03  # of a core: a process that uses more is at work, and not waiting
LAST_LINES = 12
_NOISE = (
    "cuda",
    "TF-TRT",
    "oneDNN",
    "rebuild TensorFlow",
    "absl::InitializeLog",
    "cpu_feature_guard",
    "eagerly has significant",
)


@dataclass
class Task:
    """What one process is told."""

    config: TrainConfig
    tfrecords_uri: str
    shards: list[str]
    identity: str  # of the run, for its checkpoint
    pretrained: bool  # whether weights lie at PRETRAINED
    index: int = 0
    workers: int = 1
    scratch: str = ""  # a folder on the node's own disk
    parent: int = 0  # process that watches it

    @property
    def result_path(self) -> Path:
        return Path(self.scratch) / "result.json"

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "config": self.config.model_dump()})

    @classmethod
    def load(cls, path: Path) -> Task:
        told = json.loads(path.read_text())
        return cls(**{**told, "config": TrainConfig.model_validate(told["config"])})


@dataclass
class TaskResult:
    """What one process answers. ``history`` has a row per epoch: batch_size, learning_rate, updates so far, and under
    ``train`` and ``validation``: started_at (unix s), duration_s, images, loss, accuracy, input_wait_ratio."""

    history: list[dict[str, Any]]
    resumed_from: int  # epochs that an earlier process had done
    stopped_early: bool
    replicas: int  # in sync, over all processes
    compile_s: float
    classes: int
    listed: dict[str, int]
    staged: dict[str, int]
    stage: dict[str, float]
    rejected: list[tuple[str, str]]
    bytes_read: int
    bytes_written: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def require_tensorflow() -> None:
    """Raises MissingPackage, with the cure, where TensorFlow is not installed; does not import it."""
    if missing := [name for name in ("tensorflow", "tf_keras") if find_spec(name) is None]:
        raise MissingPackage(
            f"this workload needs {' and '.join(missing)}, which {sys.executable} does not have; "
            "cure: make setup-train, or pip install 'bakeoff[train]'"
        )


def run_task(task: Task, cluster: ClusterSpec | None, tell: Callable[[int, int], None]) -> TaskResult:
    """Start a process for a task, watch it to its end, and return its answer. Whatever happens, it is gone afterwards.

    Args:
        cluster: its peers; None: it trains alone.
        tell: called with images done and in all.

    Raises:
        WorkloadError: the process failed, or made no step within ``peer_timeout_s``; of the type it failed with.
    """
    disk = task.config.staging_folder or os.environ.get("BAKEOFF_NODE_DISK")
    try:
        if disk:
            Path(disk).mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="train-", dir=disk, ignore_cleanup_errors=True)
    except OSError as error:
        raise StorageError(f"cannot stage the images on {disk}: {error.strerror}") from error
    with folder as scratch:
        task.scratch, task.parent = scratch, os.getpid()
        path = Path(scratch) / "task.json"
        path.write_text(task.to_json())
        log = Path(scratch) / "log"
        with log.open("wb") as words:
            process = subprocess.Popen(
                [sys.executable, "-m", "workloads.train.trainer", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env=_environment(scratch, cluster),
            )
        try:
            _watch(process, task, cluster, tell)
        finally:
            _stop(process)
        sys.stderr.write(log.read_text(errors="replace"))
        return _answer(task, process.returncode, log, cluster)


def _environment(scratch: str, cluster: ClusterSpec | None) -> dict[str, str]:
    """That of this process, its import path included, which a Spark task has from the driver and not from the environment."""
    environment = {key: value for key, value in os.environ.items() if key not in ("TF_CONFIG", "PYTHONHOME")}
    environment |= {
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "BAKEOFF_PROGRESS": str(Path(scratch) / "progress.json"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_USE_LEGACY_KERAS": "1",
        "TF_ENABLE_ONEDNN_OPTS": "0",  # its sums depend on the number of threads, and so on the number of replicas
        "MALLOC_ARENA_MAX": "2",
        "no_proxy": "*",  # gRPC between the nodes never goes through a proxy
    }
    if cluster is not None:
        environment["TF_CONFIG"] = cluster.tf_config
    return environment


def _watch(
    process: subprocess.Popen[bytes], task: Task, cluster: ClusterSpec | None, tell: Callable[[int, int], None]
) -> None:
    path = Path(task.scratch) / "progress.json"
    seen, alive_at, used_s = "", time.monotonic(), 0.0
    while process.poll() is None:
        try:
            told = path.read_text()
        except OSError:
            told = ""
        if told != seen:
            seen, alive_at = told, time.monotonic()
            news = json.loads(told)
            tell(int(news["done"]), int(news["total"]))
        elif (silent_s := time.monotonic() - alive_at) > task.config.peer_timeout_s:
            before, used_s = used_s, _cpu_s(process.pid)
            if used_s - before > BUSY_RATIO * silent_s:  # it traces, or its machine is slow; who waits for a peer idles
                alive_at = time.monotonic()
                continue
            peers = f"; its peers are {cluster.addresses}, of which one may be dead or out of reach" if cluster else ""
            raise WorkloadError(
                f"process {task.index} of {task.workers} made no step for {task.config.peer_timeout_s:g} s{peers}. "
                "Where a step may take longer, raise peer_timeout_s"
            )
        time.sleep(POLL_S)


def _cpu_s(pid: int) -> float:
    """CPU time of a process so far, all its threads (proc(5): utime and stime, in clock ticks)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def _answer(task: Task, code: int, log: Path, cluster: ClusterSpec | None) -> TaskResult:
    try:
        answer = json.loads(task.result_path.read_text())
    except (OSError, ValueError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if not any(n in line for n in _NOISE)]
        end = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        hint = "; the node's memory may be too small for this batch size" if code == -signal.SIGKILL else ""
        last = " | ".join(lines[-LAST_LINES:])
        raise WorkloadError(
            f"training process {task.index} of {task.workers} ended with {end}{hint}" + (f": {last}" if last else "")
        ) from None
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    return TaskResult(**answer)


def report(task: Task, error: Exception) -> None:
    """Leave an error for the process that started this one."""
    known = type(error).__name__ if isinstance(error, WorkloadError) else "WorkloadError"
    said = str(error).strip().splitlines() or [""]
    message = str(error) if isinstance(error, WorkloadError) else f"{type(error).__name__}: {said[0][:500]}"
    if not isinstance(error, WorkloadError) and type(error).__name__ in ("UnavailableError", "DeadlineExceededError"):
        message = f"a peer of process {task.index} of {task.workers} is dead or out of reach ({message})"
    task.result_path.write_text(json.dumps({"error": known, "message": message}))
