"""The images that an experiment reads: prepared once on this host, then loaded into each lease's bucket."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.errors import JobError, UsageError
from infra.experiment import DataSpec
from infra.lease import Lease
from infra.local import java, target
from infra.local.marks import start_ticks
from infra.paths import CACHE_DIR, PROJECT_DIR
from infra.progress import Progress
from workloads.dataset import Dataset as Listing
from workloads.dataset import list_dataset
from workloads.errors import WorkloadError
from workloads.generate import generate
from workloads.storage import map_bounded, open_store

COPY_THREADS = 16
Facts = dict[str, str | int | float | None]


@dataclass(frozen=True)
class Dataset:
    """A folder laid out ``<class>/<name>``, and what identifies it in a record."""

    folder: Path
    facts: Facts


def prepare(spec: DataSpec, progress: Progress) -> Dataset:
    """Generate the set, take the folder as it is, or fetch the gs:// prefix; what is fetched or made is kept in ``.cache/``.

    Raises:
        UsageError: no such folder, no such bucket, no image in it.
    """
    if spec.images is None:
        folder = CACHE_DIR / f"flowers-like-{spec.count}-{spec.seed}"
        source = f"generated, {spec.count} images, seed {spec.seed}"
        if not folder.is_dir():
            progress.stage(f"drawing {spec.count} images")
            _filled(folder, lambda part: generate(part, spec.count, spec.seed))
    elif spec.images.startswith("gs://"):
        source = spec.images
        folder = CACHE_DIR / f"fetched-{_listed(source, source).digest[:12]}"  # another content, another copy
        if not folder.is_dir():
            progress.stage(f"fetching {spec.images}")
            _filled(folder, lambda part: _fetch(str(spec.images), part, progress))
    else:
        folder = Path(spec.images).expanduser().resolve()
        source = folder.name
    return Dataset(folder, {"source": source, **_facts(folder, spec.images or str(folder))})


def load(dataset: Dataset, lease: Lease, progress: Progress) -> None:
    """Upload the images into the lease's bucket, unless this very set is there.

    Raises:
        JobError: the upload failed; the message carries its last words.
    """
    if lease.state.dataset == dataset.facts:
        return
    progress.stage(f"load {dataset.facts['images']} images into lease {lease.id}")
    began = time.monotonic()
    counted = lease.directory / "upload-progress.json"
    command = [target.python(), "-m", "infra.local.upload", str(dataset.folder), f"gs://{lease.bucket}/images"]
    environment = {
        **java.spark_environment(),  # without proxies: the address is this host's own
        "STORAGE_EMULATOR_HOST": str(lease.cluster()["storage_endpoint"]),
        "BAKEOFF_LEASE": lease.id,
        "BAKEOFF_PROGRESS": str(counted),
    }
    with subprocess.Popen(
        command, cwd=PROJECT_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as upload:
        try:
            while True:
                try:
                    _, said = upload.communicate(timeout=0.3)
                    break
                except subprocess.TimeoutExpired:
                    progress.advance(*target.read_progress(counted))
        except BaseException:
            upload.kill()
            raise
    if upload.returncode != 0:
        raise JobError(
            f"The images could not be loaded into lease {lease.id}: {said.strip().splitlines()[-1:] or 'no word'}"
        )
    lease.update(dataset=dataset.facts, load_data_s=round(time.monotonic() - began, 3))


def stale_parts() -> list[Path]:
    """Unfinished folders in the cache whose maker is gone."""
    return [p for p in sorted(CACHE_DIR.glob(".part-*")) if start_ticks(int(p.name.split("-")[1])) is None]


def _filled(folder: Path, fill: Callable[[Path], object]) -> None:
    """Fill a folder under a temporary name and rename it when it is whole."""
    with part_folder(folder.name) as part:
        try:
            fill(part)
        except WorkloadError as error:
            raise UsageError(str(error)) from error
        try:
            part.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another bakeoff has made the same meanwhile
                raise


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


def _fetch(uri: str, part: Path, progress: Progress) -> None:
    source, copy = open_store(uri), open_store(str(part))
    names = [entry.name for entry in source.list() if not entry.name.endswith("/")]
    for done, _ in enumerate(map_bounded(lambda n: copy.write(n, source.read(n)), names, threads=COPY_THREADS), 1):
        progress.advance(done, len(names), "images fetched")


def _facts(folder: Path, named: str) -> Facts:
    """Number and bytes of the images, and a hash of their names and sizes."""
    found = _listed(str(folder), named)
    return {"images": len(found.images), "bytes": found.bytes, "listing_sha256": found.digest[:16]}


def _listed(uri: str, named: str) -> Listing:
    try:
        return list_dataset(uri)
    except WorkloadError as error:
        raise UsageError(f"--images {named}: {error}") from error
