"""One epoch of training, or of validation, with its time and the part of it that was spent waiting for input."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from workloads.train.batches import AHEAD, training_batches, validation_batches
from workloads.train.schedule import Phase

if TYPE_CHECKING:
    from workloads.train.trainer import TrainingRun


@dataclass
class Feed:
    """Batches of consecutive epochs that have the same batch size, for each replica of this process."""

    batches: Iterator[Any]
    steps: int  # of each epoch


def open_feeds(run: TrainingRun, phase: Phase, epochs: range) -> tuple[Feed, Feed]:
    """Begin to read, for training and for validation; the first batches are there when this returns, and the next ones are
    on their way."""
    config, task = run.config, run.task
    each, local = _each(run, phase), run.local_replicas
    steps = min(_counts(run, "train")) // (each * local)
    train = training_batches(
        run.staged.path("train"),
        run.staged.images["train"],
        each,
        batches=steps * local,
        epochs=epochs,
        image_size=config.image_size,
        shuffle=config.shuffle,
        augment=config.augment,
        seed=config.seed * task.workers + task.index,
    )
    judged = -(-max(_counts(run, "validation")) // (each * local))
    validation = validation_batches(
        run.staged.path("validation"),
        each,
        image_size=config.image_size,
        batches=judged * local,
        epochs=len(epochs),
    )
    return _feed(run, train, steps), _feed(run, validation, judged)


def _feed(run: TrainingRun, batches: tf.data.Dataset, steps: int) -> Feed:
    taken = ahead(iter(batches), AHEAD * run.local_replicas)
    return Feed(chain([next(taken)], taken), steps)


def ahead(batches: Iterator[Any], count: int) -> Iterator[Any]:
    """The same batches, ``count`` of them taken by a thread while the caller computes.

    A batch that is ready still takes 0.7 ms to hand over, which is 4 % of a step of the smallest model.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        coming = deque(pool.submit(next, batches, None) for _ in range(count))
        while (batch := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, batches, None))
            yield batch


def warm_up(run: TrainingRun, phase: Phase) -> float:
    """Trace both steps for a batch size, on blank images, and put the variables back; returns the seconds it took.

    So that no epoch's time holds what happens once in the life of a process.
    """
    start = time.perf_counter()
    size, each = run.config.image_size, _each(run, phase)
    images = _spread(run, [tf.zeros((each, size, size, 3), tf.uint8)] * run.local_replicas)
    labels = _spread(run, [tf.zeros((each,), tf.int32)] * run.local_replicas)
    weights = _spread(run, [tf.zeros((each,), tf.float32)] * run.local_replicas)
    kept = run.model.get_weights()
    slots = [variable.numpy() for variable in run.optimizer.weights]
    run.train_step(images, labels, tf.constant(float(phase.batch_size))).numpy()
    run.validate_step(images, labels, weights).numpy()
    run.model.set_weights(kept)
    for variable, value in zip(run.optimizer.weights, slots, strict=True):
        variable.assign(value)
    return time.perf_counter() - start


def train_epoch(run: TrainingRun, phase: Phase, feed: Feed) -> dict[str, Any]:
    """Go once through the training images, in whole batches; loss and accuracy are those met on the way."""
    run.optimizer.learning_rate.assign(phase.learning_rate)
    size = tf.constant(float(phase.batch_size))
    return _run(run, feed.batches, feed.steps, phase.batch_size, run.train_step, size)


def validate(run: TrainingRun, phase: Phase, feed: Feed) -> dict[str, Any]:
    """Loss and accuracy over all validation images, each exactly once."""
    images = sum(_counts(run, "validation"))
    return _run(run, feed.batches, feed.steps, phase.batch_size, run.validate_step, images=images)


def _each(run: TrainingRun, phase: Phase) -> int:
    """Images of a batch that one replica gets."""
    replicas: int = run.strategy.num_replicas_in_sync
    return phase.batch_size // replicas


def _run(
    run: TrainingRun,
    batches: Iterator[Any],
    steps: int,
    batch_size: int,
    step: Any,
    *more: Any,
    images: int | None = None,
) -> dict[str, Any]:
    started_at, start = time.time(), time.perf_counter()
    waited_s = loss = right = 0.0
    for _ in range(steps):
        before = time.perf_counter()
        columns = list(zip(*[next(batches) for _ in range(run.local_replicas)], strict=True))
        waited_s += time.perf_counter() - before
        sums = step(*(_spread(run, list(column)) for column in columns), *more).numpy()
        loss, right = loss + float(sums[0]), right + float(sums[1])
        run.progress.add(batch_size)
    duration_s = time.perf_counter() - start
    count = steps * batch_size if images is None else images
    return {
        "started_at": started_at,
        "duration_s": duration_s,
        "images": count,
        "updates": steps if images is None else 0,
        "loss": loss / count,
        "accuracy": right / count,
        "input_wait_ratio": waited_s / duration_s,
    }


def _spread(run: TrainingRun, values: list[Any]) -> Any:
    """One value for each replica of this process."""
    if len(values) == 1 and run.strategy.num_replicas_in_sync == 1:
        return values[0]
    return run.strategy.experimental_distribute_values_from_function(
        lambda context: values[context.replica_id_in_sync_group % run.local_replicas]
    )


def _counts(run: TrainingRun, kind: str) -> list[int]:
    """Staged images of a kind in each process; asked once, since every question is traced anew."""
    own = run.staged.images[kind]
    if kind not in run.counts:
        run.counts[kind] = [own] if run.task.workers == 1 else _gather(run, own)
    return run.counts[kind]


def _gather(run: TrainingRun, value: int) -> list[int]:
    """What each process says."""
    told = run.strategy.run(lambda: tf.constant([value]))
    return [int(number) for number in run.strategy.gather(told, axis=0).numpy()]
