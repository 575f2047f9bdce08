"""Records in a shared place: ``--runs gs://bucket/prefix``, so that CI and colleagues see past runs.

A verb works on a mirror of it in ``.cache/runs/``: what is new there is fetched before, and what is new here is put there
afterwards. A record is whole where its ``run.json`` is, which goes last; none is ever overwritten (every object is
created, never replaced). Leases are not shared: they belong to the client that made them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from infra.base.errors import RecordError
from infra.base.paths import CACHE_DIR, default_runs
from workloads.credentials import why_invalid
from workloads.errors import WorkloadError

RUN = "run.json"
NOT_SHARED = ("leases", "failed")
_open: dict[Path, str] = {}  # mirrors of this process, and what they mirror
_only_records: dict[Path, str] = {}  # those that hold each record's run.json and nothing else


def open_runs(value: str | Path | None, *, only_records: bool = False) -> Path:
    """The folder that stands for ``--runs``: a path as it is, or the mirror of a gs:// prefix, brought up to date.

    Args:
        only_records: fetch ``run.json`` alone, into a mirror of its own from which nothing is put back.

    Raises:
        RecordError: the bucket cannot be read.
    """
    text = str(value or default_runs())
    if not text.startswith("gs:/"):
        return Path(text).resolve()
    uri = "gs://" + text.removeprefix("gs:").strip("/")
    mirror = CACHE_DIR / "runs" / (hashlib.sha256(uri.encode()).hexdigest()[:12] + ("-records" if only_records else ""))
    known = _only_records if only_records else _open
    if mirror not in known:
        mirror.mkdir(parents=True, exist_ok=True)
        pull(uri, mirror, only_records=only_records)
        known[mirror] = uri
    return mirror


def open_records(value: str | Path | None) -> Path:
    """The same for a verb that reads records' ``run.json`` and changes nothing."""
    return open_runs(value, only_records=True)


def place(runs_dir: Path) -> str | None:
    """The gs:// prefix that a folder of records mirrors; None where it is a folder of its own."""
    return _open.get(runs_dir) or _only_records.get(runs_dir)


def push_all() -> int:
    """Put what is new in the mirrors of this process where it belongs; returns the number of new objects."""
    return sum(push(mirror, uri) for mirror, uri in _open.items())


def pull(uri: str, mirror: Path, *, only_records: bool = False) -> int:
    """Fetch what is there and not here, whole records only; returns the number of files."""
    count = 0
    try:
        bucket, prefix = _place(uri)
        blobs = {blob.name.removeprefix(prefix): blob for blob in bucket.list_blobs(prefix=prefix)}
        whole = {name.removesuffix(RUN) for name in blobs if name.endswith(f"/{RUN}")}
        # run.json last, here too: a record cut short by a kill is fetched again.
        for name, blob in sorted(blobs.items(), key=lambda item: item[0].endswith(f"/{RUN}")):
            target = mirror / name
            if ".." in Path(name).parts or name.startswith("/"):  # it would be written outside of the mirror
                continue
            if only_records and not name.endswith(f"/{RUN}"):
                continue
            if target.exists() or not any(name.startswith(record) for record in whole):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".part-{target.name}")
            blob.download_to_filename(part)
            part.replace(target)
            count += 1
    except _errors() as error:
        raise RecordError(f"--runs {uri} cannot be read: {_reason(error)}") from error
    return count


def push(mirror: Path, uri: str) -> int:
    """Create what is here and not there; what is there is left as it is. Returns the number of new objects.

    Raises:
        RecordError: the bucket cannot be written; what is here stays here.
    """
    from google.api_core.exceptions import PreconditionFailed

    count = 0
    try:
        bucket, prefix = _place(uri)
        there = {blob.name for blob in bucket.list_blobs(prefix=prefix)}
        for record in sorted(path.parent for path in mirror.glob(f"*/*/{RUN}")):
            if record.parent.name in NOT_SHARED or record.name.startswith("."):
                continue
            files = [path for path in sorted(record.rglob("*")) if path.is_file()]
            for path in sorted(files, key=lambda path: path.name == RUN):
                name = prefix + str(path.relative_to(mirror))
                if name in there:
                    continue
                try:
                    bucket.blob(name).upload_from_filename(path, if_generation_match=0)
                    count += 1
                except PreconditionFailed:  # somebody else put it there meanwhile
                    continue
    except _errors() as error:
        raise RecordError(f"--runs {uri} cannot be written ({_reason(error)}); the records are in {mirror}.") from error
    return count


def _place(uri: str) -> tuple[Any, str]:
    from workloads.bucket import client  # google.cloud.storage takes a second to import

    name, _, prefix = uri.removeprefix("gs://").partition("/")
    return client().bucket(name), f"{prefix}/" if prefix else ""


def _errors() -> tuple[type[Exception], ...]:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    return GoogleAPIError, GoogleAuthError, OSError, WorkloadError


def _reason(error: Exception) -> str:
    from google.auth.exceptions import GoogleAuthError

    return why_invalid(error) if isinstance(error, GoogleAuthError) else str(error)
