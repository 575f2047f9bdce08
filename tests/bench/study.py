"""The study's method, as a reference: TensorFlow ops, image by image, inside a Spark map.

At the output quality of ``write_tfrecords``: antialiased bicubic resizing, centre crop, JPEG quality 90. The study itself
resized without antialiasing, which is softer to compute and worse to look at; both are measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from workloads.dataset import class_of
from workloads.images import decode, decode_square, to_square_jpeg
from workloads.shards import ShardPlan
from workloads.storage import open_store

PROFILED = 100  # photographs


def write_with_tensorflow(plans: Iterable[ShardPlan], antialias: bool) -> Iterator[int]:
    """Write the shards of a partition; yields the images in each."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)  # a task has one core
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for plan in plans:
        source, size = open_store(plan.images_uri), plan.options.image_size
        with tempfile.NamedTemporaryFile(suffix=".tfrec") as shard:
            with tf.io.TFRecordWriter(shard.name) as writer:
                for name in plan.names:
                    image = _square(tf, source.read(name), size, antialias)
                    data = tf.io.encode_jpeg(image, quality=plan.options.jpeg_quality).numpy()
                    writer.write(_example(tf, data, plan.labels[class_of(name)]))
            with open(shard.name, "rb") as written:
                open_store(plan.output_uri).write(f"study{plan.index:02d}-{len(plan.names)}.tfrec", written)
        yield len(plan.names)


def pixels(plan: ShardPlan) -> list[str]:
    """What the pixels cost each way, on one core: how far apart the two can get at most."""
    import tensorflow as tf

    source, options = open_store(plan.images_uri), plan.options
    photos = [source.read(name) for name in plan.names[:PROFILED]]

    def square(photo: bytes) -> Any:
        return _square(tf, photo, options.image_size, antialias=True)

    ways: dict[str, tuple[Callable[[bytes], object], ...]] = {
        "Pillow": (
            decode,
            lambda photo: decode_square(photo, options.image_size),
            lambda photo: to_square_jpeg(photo, options.image_size, options.jpeg_quality),
        ),
        "TensorFlow": (
            lambda photo: tf.io.decode_jpeg(photo, channels=3).numpy(),
            lambda photo: square(photo).numpy(),
            lambda photo: tf.io.encode_jpeg(square(photo), quality=options.jpeg_quality).numpy(),
        ),
    }
    spent = {name: [min(_ms(step, photos) for _ in range(3)) for step in steps] for name, steps in ways.items()}
    lines = [
        f"{name}, ms of CPU an image: decoded {a:.2f}, and resized {b:.2f}, and encoded {c:.2f}"
        for name, (a, b, c) in spent.items()
    ]
    most = spent["TensorFlow"][-1] / spent["Pillow"][-1]
    return [*lines, f"so with nothing else to do, neither fetching nor writing, the ratio would be {most:.2f}"]


def _ms(step: Callable[[bytes], object], photos: list[bytes]) -> float:
    start = time.process_time()
    for photo in photos:
        step(photo)
    return (time.process_time() - start) * 1000 / len(photos)


def _square(tf: Any, data: bytes, size: int, antialias: bool) -> Any:
    image = tf.io.decode_jpeg(data, channels=3)
    height, width = int(image.shape[0]), int(image.shape[1])
    side = min(height, width)
    image = tf.image.crop_to_bounding_box(image, (height - side) // 2, (width - side) // 2, side, side)
    method = "bicubic" if antialias else "bilinear"
    image = tf.image.resize(image, [size, size], method=method, antialias=antialias)
    return tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8)


def _example(tf: Any, image: bytes, label: int) -> bytes:
    features = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image])),
        "class": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
    }
    serialised: bytes = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    return serialised
