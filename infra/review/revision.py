"""The two trees that a review compares: a commit, laid out in a temporary folder, and the work tree as it lies."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict

from infra.base.errors import UsageError

GIT_TIMEOUT_S = 60


class Base(BaseModel):
    """What the work tree is compared with."""

    model_config = ConfigDict(frozen=True)

    ref: str  # as the user gave it
    commit: str  # the last commit that it and HEAD have in common
    note: str | None  # why it is another commit, if it is


class File(BaseModel):
    """A file that differs: A (added), M (changed) or D (removed), and its path in the repository."""

    model_config = ConfigDict(frozen=True)

    status: str
    path: str


def find_base(repository: Path, ref: str) -> Base:
    """The commit from which the work tree went its own way, so that what others did since is not shown as undone.

    Raises:
        UsageError: no git, no repository, or no such commit here.
    """
    try:
        commit = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip() or "it is no commit here"
        raise UsageError(
            f"--base must be a branch, tag or commit of {repository}; received '{ref}': {said}. "
            f"If it exists elsewhere, fetch it first: git fetch origin '{ref}'"
        ) from error
    named = commit.decode().strip()
    try:
        common = _git(repository, "merge-base", named, "HEAD").decode().strip()
    except subprocess.CalledProcessError:
        note = (
            f"no common ancestor of {ref} and HEAD is known here (a shallow clone?), "
            f"so what was done on {ref} since then shows as undone"
        )
        return Base(ref=ref, commit=named, note=note)
    return Base(ref=ref, commit=common, note=None)


@contextmanager
def laid_out(repository: Path, commit: str) -> Iterator[Path]:
    """The files of a commit in a folder that lasts as long as the context. The repository itself is not touched.

    Raises:
        UsageError: one of them is a link out of the repository, or would be unpacked elsewhere.
    """
    with tempfile.TemporaryDirectory(prefix="bakeoff-review-") as folder:
        archive = _git(repository, "archive", "--format=tar", commit)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            links = {member.name for member in tar if member.issym()}
            for member in tar:
                if not _stays(member, links):
                    what = f"'{member.name}' -> '{member.linkname}'" if member.linkname else f"'{member.name}'"
                    raise UsageError(
                        f"A review unpacks commit {commit[:12]}, in which nothing may reach out of the repository; received "
                        f"{what}. Replace it on the base, by a file or by a link within the repository."
                    )
            tar.extractall(folder)
        yield Path(folder)


def _stays(member: tarfile.TarInfo, links: set[str]) -> bool:
    """Whether what is unpacked, and what it points at, lies in the folder (tarfile's own filter came with Python 3.11.4).

    A target may go up only where it begins, from folders that are none of the ``links``, and no further than the top.
    """
    path, target = PurePosixPath(member.name), PurePosixPath(member.linkname)
    steps = target.parts
    for _ in path.parent.parts:
        steps = steps[1:] if steps[:1] == ("..",) else steps
    return (
        (member.isfile() or member.isdir() or member.issym())
        and not (path.is_absolute() or target.is_absolute() or ".." in (*path.parts, *steps))
        and links.isdisjoint(map(str, path.parents))
    )


def changed_files(repository: Path, commit: str, part: str) -> list[File]:
    """Files under ``part`` that differ from the commit, those not yet known to git included, by path."""
    words = _git(repository, "diff", "--name-status", "--no-renames", "-z", commit, "--", part).split(b"\0")[:-1]
    found = [File(status=_text(status), path=_text(path)) for status, path in zip(words[::2], words[1::2], strict=True)]
    others = _git(repository, "ls-files", "--others", "--exclude-standard", "-z", "--", part).split(b"\0")[:-1]
    return sorted([*found, *(File(status="A", path=_text(path)) for path in others)], key=lambda file: file.path)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _git(repository: Path, *arguments: str) -> bytes:
    """Standard output. Raises CalledProcessError if git says no, and UsageError where there is no git."""
    command = ["git", "-C", str(repository), *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True, timeout=GIT_TIMEOUT_S).stdout
    except FileNotFoundError as error:
        raise UsageError(
            "A review compares revisions, and git is not installed: sudo apt-get install -y git"
        ) from error
