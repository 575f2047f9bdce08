"""Training on the nodes of a Spark cluster.

One task per worker, as a barrier stage (https://spark.apache.org/docs/3.5.3/api/python/reference/api/pyspark.RDD.barrier.html):
Spark launches all of them together or none, they tell each other their addresses, and each starts a training process with
the TF_CONFIG that follows. When one fails, Spark ends the others and gives up, since it never repeats a barrier stage that
ends a job; so the job is started again, a few times, and training goes on after the last finished epoch.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark import BarrierTaskContext, SparkContext

from workloads.errors import ConfigError, InvalidRun, NotFound, StorageError, WorkloadError
from workloads.progress import Progress
from workloads.spark import last_words
from workloads.storage import open_store
from workloads.train.cluster_spec import ClusterSpec, check_nodes, free_port
from workloads.train.process import Task, TaskResult, require_tensorflow, run_task

PROGRESS = "progress.json"  # in output_uri: what the chief tells the driver
TELL_S = 2.0
ATTEMPTS = 3


def run_on_nodes(context: SparkContext, task: Task) -> tuple[list[TaskResult], list[str], list[str]]:
    """Train on as many executors as the strategy wants.

    Returns:
        The answer of each process, their nodes' addresses, and why earlier attempts failed.

    Raises:
        ConfigError: fewer executors than workers were asked for.
        InvalidRun: the workers are not on different nodes.
        WorkloadError: a process failed in each of ``ATTEMPTS`` attempts, or for a reason that stays.
    """
    executors = count_executors(context)
    several = task.config.strategy == "multi_worker_mirrored"
    workers = (task.config.workers or executors) if several else 1
    if workers > executors:
        raise ConfigError(f"workers must be at most the cluster's {executors} executors; received {workers}")
    told = json.loads(task.to_json())

    def work(index: int, _: Any) -> Any:
        barrier = BarrierTaskContext.get()
        host = barrier.getTaskInfos()[index].address.rpartition(":")[0] or barrier.getTaskInfos()[index].address
        mine = _task(told, index, workers)
        if not several:
            barrier.barrier()
            return [_answer(mine, None, [host])]
        addresses = [str(address) for address in barrier.allGather(f"{host}:{free_port(host)}")]
        return [_answer(mine, ClusterSpec.of_workers(addresses, index), addresses)]

    failures: list[str] = []
    with _Watch(context, task) as watch:
        while True:
            try:
                rdd = context.parallelize(range(workers), workers).barrier()
                answers = rdd.mapPartitionsWithIndex(work).collect()
                break
            except Py4JJavaError as error:
                failures.append(watch.why or last_words(error))
                if watch.why or len(failures) == ATTEMPTS or not _may_pass(failures[-1]):
                    times = f"failed {len(failures)} times; the last time: " if len(failures) > 1 else ""
                    raise WorkloadError(times + failures[-1]) from error
                print(f"attempt {len(failures)} of {ATTEMPTS} failed: {failures[-1]}", file=sys.stderr)
    for answer in answers:
        if "invalid" in answer:
            raise InvalidRun(answer["invalid"])
        if "config" in answer:
            raise ConfigError(answer["config"])
    addresses = [address.rpartition(":")[0] or address for address in answers[0]["addresses"]]
    return [TaskResult(**answer["result"]) for answer in answers], addresses, failures


def _may_pass(said: str) -> bool:
    """Whether another attempt may fare better: not after an error with a type of its own, as of a damaged shard."""
    return re.search(r"workloads\.errors\.(?!WorkloadError\b)", said) is None


def count_executors(context: SparkContext) -> int:
    """Executors of the cluster; with Spark's local master, its one process.

    They register one after the other; Spark begins a first job when enough of them are there, and so we run one.
    """
    context.parallelize([0], 1).count()
    infos = context._jsc.sc().statusTracker().getExecutorInfos()
    one_process = str(context.master).startswith("local") and "cluster" not in str(context.master)
    return max(1, len(infos) - (0 if one_process else 1))  # the driver is among them


def _task(told: dict[str, Any], index: int, workers: int) -> Task:
    from workloads.train.config import TrainConfig

    task = Task(**{**told, "config": TrainConfig.model_validate(told["config"])})
    task.index, task.workers = index, workers
    return task


def _answer(task: Task, cluster: ClusterSpec | None, addresses: list[str]) -> dict[str, Any]:
    """What trying again would not change is an answer, and not a failed task."""
    try:
        require_tensorflow()
        if cluster is not None:
            check_nodes(cluster.hosts)
        result = run_task(task, cluster, _teller(task))
        return {"addresses": addresses, "result": asdict(result)}
    except InvalidRun as error:
        return {"addresses": addresses, "invalid": str(error)}
    except ConfigError as error:
        return {"addresses": addresses, "config": str(error)}


def _teller(task: Task) -> Any:
    """The chief keeps an object up to date that the driver reads: Spark's own accumulators arrive when a task ends."""
    store = open_store(task.config.output_uri)
    told_at = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told_at
        if task.index == 0 and time.monotonic() - told_at > TELL_S:
            told_at = time.monotonic()
            store.write(PROGRESS, json.dumps({"done": done, "total": total, "at": time.time()}).encode())

    return tell


class _Watch:
    """Shows how far the chief is, and ends the Spark job when it has been silent for much too long."""

    def __init__(self, context: SparkContext, task: Task) -> None:
        self._context, self._store = context, open_store(task.config.output_uri)
        # Twice: the processes find out themselves; this is for a node that is gone, and which Spark waits for.
        self._silence_s = 2 * task.config.peer_timeout_s + 60
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        self.why: str | None = None

    def __enter__(self) -> _Watch:
        self._store.delete(PROGRESS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._store.delete(PROGRESS)

    def _watch(self) -> None:
        progress: Progress | None = None
        seen, alive_at = b"", time.monotonic()
        while not self._done.wait(TELL_S):
            try:
                told = self._store.read(PROGRESS)
            except (NotFound, StorageError):
                told = seen
            if told != seen:
                seen, alive_at = told, time.monotonic()
                news = json.loads(told)
                progress = progress or Progress(news["total"])
                progress.set(news["done"])
            elif time.monotonic() - alive_at > self._silence_s:
                self.why = f"no news of the workers for {self._silence_s:.0f} s: a node is dead or out of reach"
                self._context.cancelAllJobs()
                return
