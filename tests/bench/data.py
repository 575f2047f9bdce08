"""Photographs for the benches: 800 real ones where they lie beside the checkout, else as many drawn ones."""

from __future__ import annotations

from pathlib import Path

from infra.base.paths import PROJECT_DIR
from workloads.bucket import client
from workloads.generate import generate
from workloads.storage import Folder, open_store

FLOWERS = PROJECT_DIR.parent / "shared" / "data" / "flowers"
IMAGES = 800


def photographs(folder: Path) -> Folder:
    """A folder ``<class>/<name>.jpg`` of :data:`IMAGES` photographs."""
    if FLOWERS.is_dir():
        return Folder(FLOWERS)
    generate(folder / "images", IMAGES)
    return Folder(folder / "images")


def upload(source: Folder, copies: int = 1) -> str:
    """Put them, ``copies`` times, into a new bucket of the object store; returns ``gs://<bucket>/images``."""
    bucket = f"bench-{copies}"
    client().create_bucket(bucket)
    store = open_store(f"gs://{bucket}/images")
    for name in (entry.name for entry in source.list() if "/" in entry.name):
        data = source.read(name)
        for copy in range(copies):
            store.write(name if copy == 0 else f"{name}-{copy}.jpg", data)
    return store.uri
