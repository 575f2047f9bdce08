"""Batches of staged images, by tf.data: read ahead, shuffled and augmented while the last step computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from workloads.train.staging import record_bytes

SHUFFLE_BYTES = 64 << 20  # images that wait in memory to be shuffled; a fraction of the set where it is larger
READ_BYTES = 1 << 20
AHEAD = 4  # batches that are ready before they are asked for
SHIFT_RATIO = 0.1
ZOOM_RATIO = 0.1


def training_batches(
    path: Path,
    images: int,
    batch_size: int,
    *,
    batches: int,
    epochs: range,
    image_size: int,
    shuffle: bool,
    augment: bool,
    seed: int,
) -> tf.data.Dataset:
    """``batches`` whole batches of each of the epochs, for one replica: (images uint8 [batch, size, size, 3], labels
    int32 [batch]).

    One pipeline goes through all the epochs, so that the next one is read while the last steps of this one compute. The
    same seed and epoch give the same batches, and a resumed run goes on as the one that was cut off would have.
    """
    waiting = max(1, min(images, max(batch_size, SHUFFLE_BYTES // record_bytes(image_size))))

    def one(epoch: Any) -> tf.data.Dataset:
        records = _records(path, image_size)
        if shuffle:
            records = records.shuffle(waiting, seed=seed * 100_003 + epoch, reshuffle_each_iteration=False)
        whole = records.batch(batch_size, drop_remainder=True).take(batches).enumerate()
        return whole.map(lambda step, raw: (epoch * 1_000_000 + step, raw))

    def prepare(position: Any, raw: Any) -> tuple[Any, Any]:
        pictures, labels = _decode(raw, image_size)
        if augment:
            pictures = augmented(pictures, tf.stack([tf.cast(seed, tf.int64), position]))
        return pictures, labels

    numbers = tf.data.Dataset.range(epochs.start, epochs.stop)
    return numbers.flat_map(one).map(prepare, num_parallel_calls=2, deterministic=True).prefetch(AHEAD)


def validation_batches(path: Path, batch_size: int, *, image_size: int, batches: int, epochs: int) -> tf.data.Dataset:
    """``batches`` batches for each of the epochs, for one replica: (images, labels, weights float32); the last ones of an
    epoch are filled up with images of weight 0."""

    def weighted(weight: float) -> Any:
        return lambda raw: (raw, weight)

    blank = tf.data.Dataset.from_tensors(tf.constant(b"\0" * record_bytes(image_size))).repeat()
    records = _records(path, image_size).map(weighted(1.0)).concatenate(blank.map(weighted(0.0)))
    whole = records.take(batches * batch_size).batch(batch_size, drop_remainder=True).repeat(epochs)
    return whole.map(lambda raw, weight: (*_decode(raw, image_size), weight)).prefetch(AHEAD)


def augmented(pictures: Any, seed: Any) -> Any:
    """Each picture mirrored or not, shifted and zoomed at random, in one operation for the whole batch."""
    count, size = tf.shape(pictures)[0], tf.cast(tf.shape(pictures)[1], tf.float32)
    draw = tf.random.stateless_uniform((4, count), seed)
    mirror = tf.where(draw[0] < 0.5, -1.0, 1.0)
    zoom = 1 + (draw[1] * 2 - 1) * ZOOM_RATIO
    shift = (draw[2:] * 2 - 1) * SHIFT_RATIO * size
    centre = (size - 1) / 2
    # Output pixel (x, y) is taken from input (a x + c, b y + d); the centre stays where it is, but for the shift.
    a, b = zoom * mirror, zoom
    c, d = centre - a * centre + shift[0], centre - b * centre + shift[1]
    zero = tf.zeros_like(a)
    transforms = tf.stack([a, zero, c, zero, b, d, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=transforms,
        output_shape=tf.shape(pictures)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _records(path: Path, image_size: int) -> tf.data.Dataset:
    return tf.data.FixedLengthRecordDataset(str(path), record_bytes(image_size), buffer_size=READ_BYTES)


def _decode(raw: Any, image_size: int) -> tuple[Any, Any]:
    data = tf.io.decode_raw(raw, tf.uint8)
    labels = tf.bitcast(tf.reshape(data[:, :4], (-1, 4)), tf.int32)
    return tf.reshape(data[:, 4:], (-1, image_size, image_size, 3)), labels
