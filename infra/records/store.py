"""Records in a shared place: ``--runs gs://bucket/prefix``, so that CI and colleagues see past runs.

A verb works on a mirror of it in ``.cache/runs/``: what is new there is fetched before, and what is new here is put there
afterwards. A record is whole where its ``run.json`` is, which goes last; none is ever overwritten (every object is
created, never replaced). Leases are not shared: they belong to the client that made them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.base.errors import RecordError
from infra.base.paths import CACHE_DIR
from infra.base.signals import ignored
from workloads.credentials import why_invalid
from workloads.errors import WorkloadError

RUN = "run.json"
NOT_SHARED = ("leases", "failed")


class RunStore:
    """Records and leases of one place: a folder as it is, or the mirror of a gs:// prefix.

    Entering brings a mirror up to date, and leaving, for whatever reason, puts there what is new in it.

    Args:
        place: a path, or ``gs://bucket/prefix``.
        only_records: fetch ``run.json`` alone, into a mirror of its own from which nothing is put back.

    Attributes:
        folder: where the records lie on this machine.
        uri: the gs:// prefix that it mirrors; None: it is a folder of its own.
    """

    def __init__(self, place: str, *, only_records: bool = False) -> None:
        self.only_records = only_records
        self.uri = "gs://" + place.removeprefix("gs:").strip("/") if place.startswith("gs:/") else None
        if self.uri is None:
            self.folder = Path(place).resolve()
        else:
            digest = hashlib.sha256(self.uri.encode()).hexdigest()[:12]
            self.folder = CACHE_DIR / "runs" / (digest + ("-records" if only_records else ""))

    def __enter__(self) -> RunStore:
        """Raises RecordError: the bucket cannot be read."""
        if self.uri:
            self.folder.mkdir(parents=True, exist_ok=True)
            pull(self.uri, self.folder, only_records=self.only_records)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises RecordError: the bucket cannot be written; what is here stays here."""
        if self.uri and not self.only_records:
            with ignored():
                push(self.folder, self.uri)


def pull(uri: str, mirror: Path, *, only_records: bool = False) -> int:
    """Fetch what is there and not here, whole records only; returns the number of files."""
    count = 0
    try:
        bucket, prefix = _bucket(uri)
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
        bucket, prefix = _bucket(uri)
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


def _bucket(uri: str) -> tuple[Any, str]:
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
