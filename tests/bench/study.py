"""The study's method, as a reference: TensorFlow ops, image by image, inside a Spark map.

At the output quality of ``write_tfrecords``: antialiased bicubic resizing, centre crop, JPEG quality 90. The study itself
resized without antialiasing, which is softer to compute and worse to look at; both are measured.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from workloads.dataset import class_of
from workloads.shards import ShardPlan
from workloads.storage import open_store


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
