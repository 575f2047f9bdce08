"""``python -m infra.targets.local.upload FOLDER gs://BUCKET/PREFIX``: copy a folder into the object store.

A process of its own, because ``STORAGE_EMULATOR_HOST`` redirects every gs:// URI of a process, and the images may come
from a real bucket.
"""

from __future__ import annotations

import sys

from workloads.dataset import is_clutter
from workloads.errors import WorkloadError
from workloads.progress import Progress
from workloads.storage import map_bounded, open_store

THREADS = 8


def main(folder: str, uri: str) -> int:
    """Copy every file under its relative name, replacing what is at ``uri``; exit code 1 with a reason on failure."""
    try:
        source, bucket = open_store(folder), open_store(uri)
        bucket.delete_all()
        names = [entry.name for entry in source.list() if not entry.name.endswith("/") and not is_clutter(entry.name)]
        progress = Progress(len(names), "images")
        for _ in map_bounded(lambda name: bucket.write(name, source.read(name)), names, threads=THREADS):
            progress.add(1)
    except WorkloadError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
