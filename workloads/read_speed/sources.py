"""What is read: the image files of a set, and TFRecords of them."""

from __future__ import annotations

from workloads.dataset import in_order, list_dataset
from workloads.grid import ReadGrid
from workloads.read_speed.readers import ImageReader, TFRecordReader
from workloads.storage import open_store
from workloads.tfrecord_set import complete_shards, prepare_tfrecords


def open_images(config: ReadGrid, threads: int, notes: list[str]) -> ImageReader:
    """The image files in their shuffled order; ``threads`` of them are fetched at the same time."""
    dataset = list_dataset(config.images_uri)
    names = [image.name for image in in_order(dataset.images, config.seed)]
    notes += dataset.notes
    return ImageReader(open_store(config.images_uri), names, config.image_size, config.decode, threads)


def open_tfrecords(config: ReadGrid, notes: list[str]) -> TFRecordReader:
    """The TFRecords that are named, or those of the images, which are written first unless they are there.

    Raises:
        DatasetError: there is no shard, or one that the manifest lists is missing.
    """
    uri = config.tfrecords_uri
    if uri is None:
        uri = config.output_uri
        notes += prepare_tfrecords(config.images_uri, uri, config.shard_options, config.shards, threads=2)
    store = open_store(uri)
    shards, said = complete_shards(store)
    notes += said
    return TFRecordReader(store, shards, config.decode)
