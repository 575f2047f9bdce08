"""The images that an experiment reads: prepared once, then loaded into each lease's bucket or read where they are."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.base.errors import UsageError
from infra.base.locks import host_lock
from infra.base.paths import CACHE_DIR
from infra.base.processes import start_ticks
from infra.base.progress import Progress
from infra.inputs.experiment import DataSpec
from workloads.dataset import Dataset as Listing
from workloads.dataset import is_clutter, list_dataset, printable
from workloads.errors import WorkloadError
from workloads.generate import generate
from workloads.storage import map_bounded, open_store

COPY_THREADS = 16
Facts = dict[str, str | int | float | None]


@dataclass(frozen=True)
class Dataset:
    """Images laid out ``<class>/<name>``, and what identifies them in a record."""

    folder: Path | None  # on this host; None: they are read where they are
    facts: Facts
    uri: str | None = None  # the gs:// prefix that they are read from; None: each lease has its copy


def prepare(spec: DataSpec, progress: Progress, *, in_place: bool) -> Dataset:
    """Generate the set, take the folder as it is, or fetch the gs:// prefix; what is fetched or made is kept in ``.cache/``.

    Args:
        in_place: the target's jobs can read a gs:// prefix themselves; it is then listed and not fetched.

    Raises:
        UsageError: no such folder, no such bucket, no image in it.
    """
    if spec.images is None:
        folder = CACHE_DIR / f"flowers-like-{spec.count}-{spec.seed}"
        source = f"generated, {spec.count} images, seed {spec.seed}"
        if not folder.is_dir():
            _filled(
                folder, f"drawing {spec.count} images", progress, lambda part: generate(part, spec.count, spec.seed)
            )
    elif spec.images.startswith("gs://"):
        source = spec.images
        if in_place:
            progress.stage(f"listing {source}")
            return Dataset(None, {"source": source, **_facts(source, source)}, source.rstrip("/"))
        folder = CACHE_DIR / f"fetched-{_listed(source, source).digest[:12]}"  # another content, another copy
        if not folder.is_dir():
            _filled(
                folder,
                f"fetching {spec.images}",
                progress,
                lambda part: copy(source, str(part), "images fetched", progress),
            )
    else:
        folder = Path(spec.images).expanduser().resolve()
        source = folder.name
    return Dataset(folder, {"source": source, **_facts(str(folder), spec.images or str(folder))})


def stale_parts() -> list[Path]:
    """Unfinished folders in the cache whose maker is gone."""
    return [p for p in sorted(CACHE_DIR.glob(".part-*")) if start_ticks(int(p.name.split("-")[1])) is None]


def _filled(folder: Path, what: str, progress: Progress, fill: Callable[[Path], object]) -> None:
    """Fill a folder under a temporary name and rename it when it is whole; who comes second finds it."""
    with host_lock(f"cache-{folder}", progress=progress):
        if folder.is_dir():
            return
        progress.stage(what)
        with part_folder(folder.name) as part:
            try:
                fill(part)
            except WorkloadError as error:
                raise UsageError(str(error)) from error
            part.rename(folder)


@contextlib.contextmanager
def part_folder(name: str) -> Iterator[Path]:
    """A folder in the cache for the length of a piece of work; ``clean`` finds it when its maker was killed."""
    part = CACHE_DIR / f".part-{os.getpid()}-{name}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def copy(source_uri: str, target_uri: str, unit: str, progress: Progress) -> None:
    """Copy every file or object under its relative name. Raises WorkloadError."""
    source, target = open_store(source_uri), open_store(target_uri)
    names = [entry.name for entry in source.list() if not entry.name.endswith("/") and not is_clutter(entry.name)]
    for done, _ in enumerate(map_bounded(lambda n: target.write(n, source.read(n)), names, threads=COPY_THREADS), 1):
        progress.advance(done, len(names), unit)


def _facts(uri: str, named: str) -> Facts:
    """Number and bytes of the images, and a hash of their names and sizes."""
    found = _listed(uri, named)
    return {"images": len(found.images), "bytes": found.bytes, "listing_sha256": found.digest[:16]}


def _listed(uri: str, named: str) -> Listing:
    try:
        found = list_dataset(uri)
    except WorkloadError as error:
        raise UsageError(f"--images {named}: {error}") from error
    if odd := [printable(image.name) for image in found.images if printable(image.name) != image.name]:
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        raise UsageError(
            f"--images {named}: names of files must be UTF-8, as objects of a bucket have no others; received "
            f"{', '.join(odd[:5])}{more}. Rename them, as with: convmv -f latin1 -t utf8 -r --notest FOLDER"
        )
    return found
