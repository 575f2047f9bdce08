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
    from workloads.train.trainer import Session


@dataclass
class Feed:
    """Batches of consecutive epochs that have the same batch size, for each replica of this process."""

    batches: Iterator[Any]
    steps: int  # of each epoch


def open_feeds(session: Session, phase: Phase, epochs: range) -> tuple[Feed, Feed]:
    """Begin to read, for training and for validation; the first batches are there when this returns, and the next ones are
    on their way."""
    config, task = session.config, session.task
    each, local = _each(session, phase), session.local_replicas
    steps = min(_counts(session, "train")) // (each * local)
    train = training_batches(
        session.staged.path("train"),
        session.staged.images["train"],
        each,
        batches=steps * local,
        epochs=epochs,
        image_size=config.image_size,
        shuffle=config.shuffle,
        augment=config.augment,
        seed=config.seed * task.workers + task.index,
    )
    judged = -(-max(_counts(session, "validation")) // (each * local))
    validation = validation_batches(
        session.staged.path("validation"),
        each,
        image_size=config.image_size,
        batches=judged * local,
        epochs=len(epochs),
    )
    return _feed(session, train, steps), _feed(session, validation, judged)


def _feed(session: Session, batches: tf.data.Dataset, steps: int) -> Feed:
    taken = ahead(iter(batches), AHEAD * session.local_replicas)
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


def warm_up(session: Session, phase: Phase) -> float:
    """Trace both steps for a batch size, on blank images, and put the variables back; returns the seconds it took.

    So that no epoch's time holds what happens once in the life of a process.
    """
    start = time.perf_counter()
    size, each = session.config.image_size, _each(session, phase)
    images = _spread(session, [tf.zeros((each, size, size, 3), tf.uint8)] * session.local_replicas)
    labels = _spread(session, [tf.zeros((each,), tf.int32)] * session.local_replicas)
    weights = _spread(session, [tf.zeros((each,), tf.float32)] * session.local_replicas)
    kept = session.model.get_weights()
    slots = [variable.numpy() for variable in session.optimizer.weights]
    session.train_step(images, labels, tf.constant(float(phase.batch_size))).numpy()
    session.validate_step(images, labels, weights).numpy()
    session.model.set_weights(kept)
    for variable, value in zip(session.optimizer.weights, slots, strict=True):
        variable.assign(value)
    return time.perf_counter() - start


def train_epoch(session: Session, phase: Phase, feed: Feed) -> dict[str, Any]:
    """Go once through the training images, in whole batches; loss and accuracy are those met on the way."""
    session.optimizer.learning_rate.assign(phase.learning_rate)
    size = tf.constant(float(phase.batch_size))
    return _run(session, feed.batches, feed.steps, phase.batch_size, session.train_step, size)


def validate(session: Session, phase: Phase, feed: Feed) -> dict[str, Any]:
    """Loss and accuracy over all validation images, each exactly once."""
    images = sum(_counts(session, "validation"))
    return _run(session, feed.batches, feed.steps, phase.batch_size, session.validate_step, images=images)


def _each(session: Session, phase: Phase) -> int:
    """Images of a batch that one replica gets."""
    replicas: int = session.strategy.num_replicas_in_sync
    return phase.batch_size // replicas


def _run(
    session: Session,
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
        columns = list(zip(*[next(batches) for _ in range(session.local_replicas)], strict=True))
        waited_s += time.perf_counter() - before
        sums = step(*(_spread(session, list(column)) for column in columns), *more).numpy()
        loss, right = loss + float(sums[0]), right + float(sums[1])
        session.progress.add(batch_size)
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


def _spread(session: Session, values: list[Any]) -> Any:
    """One value for each replica of this process."""
    if len(values) == 1 and session.strategy.num_replicas_in_sync == 1:
        return values[0]
    return session.strategy.experimental_distribute_values_from_function(
        lambda context: values[context.replica_id_in_sync_group % session.local_replicas]
    )


def _counts(session: Session, kind: str) -> list[int]:
    """Staged images of a kind in each process; asked once, since every question is traced anew."""
    own = session.staged.images[kind]
    if kind not in session.counts:
        session.counts[kind] = [own] if session.task.workers == 1 else _gather(session, own)
    return session.counts[kind]


def _gather(session: Session, value: int) -> list[int]:
    """What each process says."""
    told = session.strategy.run(lambda: tf.constant([value]))
    return [int(number) for number in session.strategy.gather(told, axis=0).numpy()]
