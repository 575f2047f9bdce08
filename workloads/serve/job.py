"""Answer requests for the class of an image, under an open-loop load that grows until the latency goal is missed.

A request is one or a few JPEGs; answering it is decoding, resizing and the model's forward pass. The load steps up from
``first_rate_s`` by ``rate_factor``; after the first step that misses the goal, the interval is halved a few times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from workloads.contract import Accounts, Measurements, run_job
from workloads.dataset import in_order, list_dataset, printable
from workloads.errors import DatasetError, NotFound
from workloads.images import Unusable, decode_square
from workloads.latency import due_times, percentiles, rising
from workloads.progress import Progress
from workloads.record import Fact, Rejected
from workloads.serve.config import ServeConfig
from workloads.serve.load import offer
from workloads.storage import map_bounded, open_store
from workloads.train import artifact
from workloads.train.config import TrainConfig
from workloads.train.process import require_tensorflow

NAME = "serve"
WARM_UP = 5  # requests before any is timed
BACKLOG_GOALS = 10.0  # a step is cut off once a request has waited for so many latency goals
FETCH_THREADS = 8


def serve(config: ServeConfig, measurements: Measurements) -> Accounts:
    """Measure latency percentiles of a trained model, and the highest rate that meets a latency goal."""
    require_tensorflow()
    pictures, rejected, bytes_read = _pictures(config)
    notes: list[str] = []
    model, size, source = _model(config, notes)
    highest: dict[int, float | None] = {}
    progress = Progress(len(config.batch_sizes) * (config.max_steps + config.refinements), "steps")
    for index, batch_size in enumerate(config.batch_sizes):
        answer = _answerer(model, size, pictures, batch_size)
        for request in range(WARM_UP):
            answer(request)
        highest[batch_size] = _step_up(config, batch_size, answer, measurements, progress.add)
        progress.set((index + 1) * (config.max_steps + config.refinements))
    facts: dict[str, Fact] = {
        "weights": source,
        "latency_goal_s": config.latency_goal_s,
        "batch_sizes": config.batch_sizes,
        **{f"highest_rate_s_batch_{size}": rate for size, rate in highest.items()},
    }
    for batch_size, rate in highest.items():
        if rate is None:
            notes.append(f"batch {batch_size}: the goal was missed at the first rate, {config.first_rate_s:g}/s")
    notes.append("accounts are of distinct images, however often each was asked about; rows count every answer")
    return Accounts(
        items_in=len(pictures) + len(rejected),
        items_out=len(pictures),
        rejected=rejected,
        bytes_read=bytes_read,
        notes=notes,
        facts=facts,
    )


def _pictures(config: ServeConfig) -> tuple[list[bytes], list[Rejected], int]:
    """JPEGs in memory: what a request brings with it."""
    dataset = list_dataset(config.images_uri)
    store = open_store(config.images_uri)
    names = [image.name for image in in_order(dataset.images, config.seed)][: config.images]
    usable, rejected, read = [], [], 0
    for name, data in zip(names, map_bounded(store.read, names, threads=FETCH_THREADS), strict=True):
        read += len(data)
        try:
            decode_square(data, config.image_size)
        except Unusable as why:
            rejected.append(Rejected(name=printable(name), reason=str(why)))
            continue
        usable.append(data)
    if not usable:
        raise DatasetError(f"none of the {len(names)} images of {config.images_uri} can be used: {rejected[0].reason}")
    return usable, rejected, read


def _model(config: ServeConfig, notes: list[str]) -> tuple[Any, int, str]:
    """The model as a function of uint8 [n, size, size, 3], its size, and where its weights are from."""
    import tensorflow as tf

    from workloads.train.model import build_model

    if config.threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
        tf.config.threading.set_inter_op_parallelism_threads(config.threads)
    uri = config.model_uri or f"{config.output_uri.rstrip('/').rpartition('/')[0]}/train"
    try:
        model, _ = artifact.load(open_store(uri))
        source = f"{uri}/{artifact.MODEL}"
    except NotFound:
        if config.model_uri is not None:
            raise
        described = TrainConfig(
            images_uri=config.images_uri,
            output_uri=config.output_uri,
            image_size=config.image_size,
            alpha=config.alpha,
            seed=config.seed,
        )
        model, source = build_model(described, classes=5), "random"
        notes.append(f"weights: random, there is no {uri}/{artifact.MODEL}")
    size = int(model.input_shape[1])

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)], reduce_retracing=True
    )
    def classify(images: Any) -> Any:
        return tf.argmax(model(tf.cast(images, tf.float32), training=False), axis=1)

    return classify, size, source


def _answerer(model: Any, size: int, pictures: list[bytes], batch_size: int) -> Callable[[int], Any]:
    import numpy as np

    def answer(request: int) -> Any:
        first = request * batch_size
        chosen = [pictures[(first + offset) % len(pictures)] for offset in range(batch_size)]
        return model(np.stack([np.asarray(decode_square(data, size)) for data in chosen])).numpy()

    return answer


def _step_up(
    config: ServeConfig,
    batch_size: int,
    answer: Callable[[int], Any],
    measurements: Measurements,
    stepped: Callable[[int], None],
) -> float | None:
    """The highest rate (requests/s) that met the goal; None: not even the first one did."""
    met: float | None = None
    missed: float | None = None
    for rate in rising(config.first_rate_s, config.rate_factor, config.max_steps):
        if not _step(config, batch_size, rate, answer, measurements):
            missed = rate
            break
        met = rate
        stepped(1)
    for _ in range(config.refinements if met is not None and missed is not None else 0):
        assert met is not None
        assert missed is not None
        middle = (met + missed) / 2
        if _step(config, batch_size, middle, answer, measurements):
            met = middle
        else:
            missed = middle
        stepped(1)
    return met


def _step(
    config: ServeConfig, batch_size: int, rate_s: float, answer: Callable[[int], Any], measurements: Measurements
) -> bool:
    """One row; whether the goal was met."""
    load = offer(
        due_times(rate_s, config.step_s, config.arrivals, config.seed),
        answer,
        concurrency=config.concurrency,
        backlog_s=BACKLOG_GOALS * config.latency_goal_s,
    )
    latency = percentiles(load.latencies_s)
    met = not load.cut_off and latency.p99_s <= config.latency_goal_s
    measurements.add(
        operation="serve",
        format="image",
        source="memory",
        batch_size=batch_size,
        started_at=load.started_at,
        duration_s=load.duration_s,
        images=load.offered * batch_size,
        offered_rate_s=rate_s,
        achieved_rate_s=load.offered / load.duration_s,
        latency_p50_s=latency.p50_s,
        latency_p95_s=latency.p95_s,
        latency_p99_s=latency.p99_s,
        sustained=met,
    )
    return met


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(NAME, ServeConfig, serve, arguments)


if __name__ == "__main__":
    sys.exit(main())
