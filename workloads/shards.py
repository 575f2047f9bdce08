"""Write a set of images as TFRecord shards: the part that needs no Spark.

Layout, as in the public Flowers set: ``<output>/<prefix>NN-COUNT.tfrec``, NN the number of the shard, COUNT the images
in it.

An output is complete when it has a manifest (:data:`MANIFEST`), which lists its shards. Rewriting an output first
removes the manifest, then writes the new shards, then removes the shards of earlier runs, and writes the new manifest
last. So who reads by the manifest never sees a mixture or a part of an output, whenever a run was killed.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from workloads.dataset import Dataset, class_of, in_order, printable
from workloads.errors import ConfigError, NotFound, StorageError, WorkloadError
from workloads.images import Resample, Unusable, to_square_jpeg
from workloads.storage import Store, map_bounded, open_store
from workloads.tfrecord import SUFFIX, encode_example, frame

MANIFEST = "manifest.json"
SPOOL_BYTES = 4 << 20  # a shard larger than this waits on disk, not in memory, for its upload


@dataclass(frozen=True)
class ShardOptions:
    """What determines the bytes of an output, besides the images."""

    image_size: int = 192
    jpeg_quality: int = 90
    shuffle_seed: int | None = 0
    shard_prefix: str = "images"
    resample: Resample = "bicubic"


@dataclass(frozen=True)
class ShardPlan:
    """One shard to be written, from these images."""

    index: int
    shards: int
    images_uri: str
    names: list[str]
    labels: dict[str, int]
    output_uri: str
    options: ShardOptions
    fetch_threads: int


@dataclass(frozen=True)
class ShardResult:
    """The accounts of one shard."""

    index: int
    name: str | None  # None: no image of this shard could be used, nothing was written
    images_in: int
    images_out: int
    rejected: list[tuple[str, str]]  # name, reason
    bytes_read: int
    bytes_written: int
    began: float = 0.0  # unix s, of the node's clock
    ended: float = 0.0


def plan_shards(
    dataset: Dataset, shards: int, output_uri: str, options: ShardOptions, fetch_threads: int
) -> list[ShardPlan]:
    """Deal the images out to ``shards`` shards (fewer if there are fewer images), the same way every time."""
    names = [image.name for image in in_order(dataset.images, options.shuffle_seed)]
    count = min(shards, len(names))
    return [
        ShardPlan(i, count, dataset.uri, names[i::count], dataset.labels, output_uri, options, fetch_threads)
        for i in range(count)
    ]


def begin_output(dataset: Dataset, output_uri: str) -> None:
    """Declare the output unfinished.

    Raises:
        ConfigError: the output lies among the images, and would be taken for a class of them.
    """
    images, output = dataset.uri.rstrip("/") + "/", output_uri.rstrip("/") + "/"
    if output.startswith(images):
        raise ConfigError(f"output_uri must not lie inside images_uri ({dataset.uri}); received {output_uri!r}")
    open_store(output_uri).delete(MANIFEST)


def write_shard(plan: ShardPlan) -> ShardResult:
    """Fetch, decode, crop and encode the images of one shard, and write it; runs on any node.

    Images are fetched by threads and decoded by this one, so that a task uses the one core it was given. The shard
    appears at once and whole. A second attempt writes the same bytes under the same name.

    Raises:
        StorageError: an image that was listed cannot be read, or the shard cannot be written.
    """
    began, source, options = time.time(), open_store(plan.images_uri), plan.options
    out = bytes_read = bytes_written = 0
    rejected: list[tuple[str, str]] = []
    name = None
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as shard:
        fetched = map_bounded(source.read, plan.names, threads=plan.fetch_threads)
        for image, data in zip(plan.names, fetched, strict=True):
            bytes_read += len(data)
            try:
                square = to_square_jpeg(data, options.image_size, options.jpeg_quality, options.resample)
            except Unusable as why:
                rejected.append((printable(image), str(why)))
                continue
            record = frame(encode_example(square, plan.labels[class_of(image)]))
            try:
                bytes_written += shard.write(record)
            except OSError as error:
                place = tempfile.gettempdir()
                raise StorageError(f"cannot hold shard {plan.index} in {place}: {error.strerror}") from error
            out += 1
        if out:
            width = max(2, len(str(plan.shards - 1)))
            name = f"{options.shard_prefix}{plan.index:0{width}d}-{out}{SUFFIX}"
            open_store(plan.output_uri).write(name, shard)
    return ShardResult(plan.index, name, len(plan.names), out, rejected, bytes_read, bytes_written, began, time.time())


def finish_output(
    dataset: Dataset, output_uri: str, options: ShardOptions, shards: int, results: Sequence[ShardResult]
) -> list[str]:
    """Remove the shards of earlier runs, write the manifest; returns the names of the removed shards.

    Raises:
        WorkloadError: the shards do not account for every image.
    """
    images_in = sum(result.images_in for result in results)
    images_out = sum(result.images_out + len(result.rejected) for result in results)
    if not images_in == images_out == len(dataset.images):
        raise WorkloadError(f"{len(dataset.images)} images listed, {images_in} read, {images_out} written or rejected")
    store = open_store(output_uri)
    current = {result.name for result in results if result.name}
    ours = re.compile(re.escape(options.shard_prefix) + r"\d+-\d+" + re.escape(SUFFIX))
    stale = [name for name in list_shards(store) if ours.fullmatch(name) and name not in current]
    for name in stale:
        store.delete(name)
    manifest = {
        "identity": identity(dataset, options, shards),
        "images_uri": dataset.uri,
        "classes": dataset.classes,
        "features": {"image": "bytes", "class": "int64"},
        "image_size": options.image_size,
        "shards": [
            {"name": result.name, "images": result.images_out, "bytes": result.bytes_written}
            for result in sorted(results, key=lambda result: result.index)
            if result.name
        ],
        "rejected": [list(pair) for result in results for pair in result.rejected],
    }
    store.write(MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False).encode())
    return stale


def identity(dataset: Dataset, options: ShardOptions, shards: int) -> dict[str, object]:
    """What determines an output: equal identities, equal shards."""
    return {
        "images": dataset.digest,
        "classes": dataset.classes,
        "shards": min(shards, len(dataset.images)),
        "image_size": options.image_size,
        "jpeg_quality": options.jpeg_quality,
        "shuffle_seed": options.shuffle_seed,
        "shard_prefix": options.shard_prefix,
        "resample": options.resample,
    }


def read_manifest(store: Store) -> dict[str, object] | None:
    """The manifest of a complete output; None: there is none."""
    try:
        manifest = json.loads(store.read(MANIFEST))
    except NotFound:
        return None
    except ValueError as error:
        raise WorkloadError(f"{store.uri}/{MANIFEST} is no JSON; write the TFRecords again") from error
    return manifest if isinstance(manifest, dict) else None


def list_shards(store: Store) -> list[str]:
    """The shards directly in a store, by name, complete or not."""
    try:
        return [entry.name for entry in store.list() if entry.name.endswith(SUFFIX) and "/" not in entry.name]
    except NotFound:
        return []
