"""A whole set of TFRecords: found by its manifest, or written first where a job needs one and none is there."""

from __future__ import annotations

from typing import Any

from workloads.dataset import list_dataset
from workloads.errors import DatasetError
from workloads.shards import (
    ShardOptions,
    begin_output,
    finish_output,
    identity,
    list_shards,
    plan_shards,
    read_manifest,
    write_shard,
)
from workloads.storage import Store, map_bounded, open_store

FETCH_THREADS = 4


def complete_shards(store: Store, *, manifest_required: bool = False) -> tuple[list[str], list[str]]:
    """The shards of an output, by its manifest, and notes.

    Raises:
        DatasetError: there is no shard, or one that the manifest lists is missing, or there must be a manifest.
    """
    present = list_shards(store)
    if not present:
        raise DatasetError(f"no TFRecord shards (*.tfrec) in {store.uri}")
    manifest = read_manifest(store)
    if manifest is None:
        if manifest_required:
            raise DatasetError(f"{store.uri} has no manifest: its TFRecords are not complete")
        return present, [f"{store.uri} has no manifest: all of its {len(present)} shards are read"]
    listed = manifest.get("shards")
    names = [shard["name"] for shard in listed] if isinstance(listed, list) else []
    if missing := sorted(set(names) - set(present)):
        raise DatasetError(
            f"{store.uri}: shards {missing} are in the manifest, but not there; write the TFRecords again"
        )
    return names, []


def _are_there(manifest: dict[str, Any], store: Store) -> bool:
    """Whether all shards of a manifest are there in their size: one that was damaged may have been deleted."""
    sizes = {entry.name: entry.size_bytes for entry in store.list()}
    return all(sizes.get(shard["name"]) == shard["bytes"] for shard in manifest["shards"])


def prepare_tfrecords(
    images_uri: str, output_uri: str, options: ShardOptions, shards: int, *, threads: int
) -> list[str]:
    """Write TFRecords of the images to ``output_uri``, unless the same ones are there. Not timed; returns notes."""
    dataset, store = list_dataset(images_uri), open_store(output_uri)
    manifest = read_manifest(store)
    if manifest and manifest.get("identity") == identity(dataset, options, shards) and _are_there(manifest, store):
        return [f"TFRecords were already at {output_uri}"]
    begin_output(dataset, output_uri)
    plans = plan_shards(dataset, shards, output_uri, options, fetch_threads=FETCH_THREADS)
    results = list(map_bounded(write_shard, plans, threads=threads))
    finish_output(dataset, output_uri, options, shards, results)
    rejected = [pair for result in results for pair in result.rejected]
    return [
        *(f"not in the TFRecords: {name}: {why}" for name, why in rejected),
        f"TFRecords were first written to {output_uri}, not timed",
    ]
