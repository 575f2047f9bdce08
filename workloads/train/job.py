"""Train MobileNetV2 on TFRecords of labelled images: on one device, on several, or on several nodes.

Where it runs follows from where it is started: under spark-submit on the cluster's executors; with TF_CONFIG in the
environment, as on Vertex AI, this process is one of those that it names; else alone, in this process' machine.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence

from workloads.contract import Accounts, Measurements, run_job
from workloads.errors import ConfigError, NotFound, StorageError, WorkloadError
from workloads.progress import Progress
from workloads.storage import Store, open_store, read_uri
from workloads.tfrecord_set import complete_shards, prepare_tfrecords
from workloads.train.accounts import Trained, account_for
from workloads.train.checkpoint import identity
from workloads.train.cluster_spec import ClusterSpec, check_nodes
from workloads.train.config import TrainConfig
from workloads.train.process import PRETRAINED, Task, require_tensorflow, run_task

NAME = "train"
CHIEF_WAIT_S = 600.0  # for the chief to write TFRecords
FETCH_S = 60.0


def train(config: TrainConfig, measurements: Measurements) -> Accounts:
    """Train MobileNetV2 on labelled images, with a tf.distribute strategy."""
    require_tensorflow()
    cluster = ClusterSpec.parse(os.environ["TF_CONFIG"]) if os.environ.get("TF_CONFIG") else None
    chief = cluster is None or cluster.index == 0
    notes: list[str] = []
    uri = _tfrecords(config, chief, notes)
    source = open_store(uri)
    shards, more = complete_shards(source)
    notes += more
    prepared_at = time.time()
    output = open_store(config.output_uri)
    pretrained = _pretrained(config, output, notes) if chief else config.weights is not None and _there(output)
    sizes = {entry.name: entry.size_bytes for entry in source.list()}
    listing = "\n".join(f"{name}\t{sizes[name]}" for name in shards)
    task = Task(config, uri, shards, identity(config, f"{uri}\n{listing}\n{pretrained}"), pretrained)
    trained = _run(task, cluster)
    return account_for(config, trained, measurements, notes, pretrained, prepared_at)


def _tfrecords(config: TrainConfig, chief: bool, notes: list[str]) -> str:
    if config.tfrecords_uri is not None:
        return config.tfrecords_uri
    if chief:
        threads = config.threads or os.cpu_count() or 1
        notes += prepare_tfrecords(
            config.images_uri, config.output_uri, config.shard_options, config.shards, threads=threads
        )
        return config.output_uri
    deadline = time.monotonic() + CHIEF_WAIT_S
    while True:
        try:
            complete_shards(open_store(config.output_uri), manifest_required=True)
            return config.output_uri
        except WorkloadError as error:
            if time.monotonic() > deadline:
                raise WorkloadError(f"the chief wrote no TFRecords within {CHIEF_WAIT_S:g} s: {error}") from error
            time.sleep(1)


def _pretrained(config: TrainConfig, output: Store, notes: list[str]) -> bool:
    """Fetch pretrained weights and put them where every process finds them; whether there are any."""
    if config.weights is None:
        notes.append("weights: random, none were given")
        return False
    try:
        if config.weights.startswith(("http://", "https://")):
            import urllib.request

            with urllib.request.urlopen(config.weights, timeout=FETCH_S) as answer:
                data: bytes = answer.read()
        else:
            data = read_uri(config.weights)
    except (OSError, StorageError) as error:
        notes.append(f"weights: random, since {config.weights} cannot be reached: {error}")
        return False
    output.write(PRETRAINED, data)
    notes.append(f"weights: {config.weights}, {len(data)} bytes")
    return True


def _there(output: Store) -> bool:
    try:
        return output.exists(PRETRAINED)
    except NotFound:
        return False


def _run(task: Task, cluster: ClusterSpec | None) -> Trained:
    config = task.config
    several = config.strategy == "multi_worker_mirrored"
    if cluster is not None:
        if not several and len(cluster.addresses) > 1:
            raise ConfigError(
                f"TF_CONFIG names {len(cluster.addresses)} processes, and strategy {config.strategy} trains in one; "
                "use multi_worker_mirrored, or one machine"
            )
        hosts = cluster.hosts
        if several:
            check_nodes(hosts)
        task.index, task.workers = cluster.index, len(cluster.addresses)
        return Trained([run_task(task, cluster if several else None, _ShownProgress())], hosts)
    if "PYSPARK_GATEWAY_PORT" in os.environ or _spark_is_up():
        from workloads.spark import spark_context
        from workloads.train.nodes import run_on_nodes

        with spark_context(NAME) as context:
            return Trained(*run_on_nodes(context, task))
    if several:
        raise ConfigError(
            "multi_worker_mirrored trains on several nodes: submit it to a Spark cluster (bakeoff run train --on SCENARIO "
            "--set strategy=multi_worker_mirrored), or set TF_CONFIG on each node"
        )
    return Trained([run_task(task, None, _ShownProgress())], [socket.gethostname()])


def _spark_is_up() -> bool:
    pyspark = sys.modules.get("pyspark")
    return pyspark is not None and pyspark.SparkContext._active_spark_context is not None


class _ShownProgress:
    """Passes on how far the training process is."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        self._progress = self._progress or Progress(total)
        self._progress.set(done)


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(NAME, TrainConfig, train, _own_out(list(sys.argv[1:] if arguments is None else arguments)))


def _own_out(arguments: list[str]) -> list[str]:
    """Processes of one cluster are given the same --out; all but the chief write to a folder of their own within it."""
    try:
        index = ClusterSpec.parse(os.environ["TF_CONFIG"]).index if os.environ.get("TF_CONFIG") else 0
    except ConfigError:
        return arguments  # the job says so, in the summary too
    if index and "--out" in arguments[:-1]:
        at = arguments.index("--out") + 1
        arguments[at] = f"{arguments[at].rstrip('/')}/worker-{index}"
    return arguments


if __name__ == "__main__":
    sys.exit(main())
