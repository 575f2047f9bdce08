"""How a commit is laid out: with its links, and none that leaves the repository, on every Python 3.11."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.review import revision
from tests.support.repository import Repository


@pytest.fixture(autouse=True, params=["with tarfile's filter", "before 3.11.4"])
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "before 3.11.4":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


def linked(repository: Repository, path: str, target: str) -> None:
    """Commits a link on a branch of its own."""
    link = repository.root / path
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    repository.commit("link")


@pytest.mark.parametrize(
    ("path", "target"),
    [("all", "infra/scenarios"), ("docs/deep/six", "../../infra/scenarios/six.tfvars"), ("docs/to-come", "nowhere")],
)
def test_links_within_are_laid_out(repository: Repository, path: str, target: str) -> None:
    linked(repository, path, target)
    with revision.laid_out(repository.root, "HEAD") as folder:
        assert (folder / path).readlink() == Path(target)
        assert (folder / "infra/scenarios/six.tfvars").is_file()


@pytest.mark.parametrize(
    ("path", "target"),
    [("out", "/etc/hostname"), ("out", ".."), ("docs/out", "../../other"), ("docs/out", "../infra/../../other")],
)
def test_a_link_out_of_the_repository_is_refused_by_name(repository: Repository, path: str, target: str) -> None:
    linked(repository, path, target)
    with pytest.raises(UsageError, match=f"'{path}' -> '{target}'. Replace it on the base"):
        repository.review("HEAD")


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("../out", tarfile.REGTYPE, ""),
        ("/out", tarfile.REGTYPE, ""),
        ("link/out", tarfile.REGTYPE, ""),
        ("device", tarfile.CHRTYPE, ""),
        ("hard", tarfile.LNKTYPE, "link"),
    ],
)
def test_what_git_never_packs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: bytes, target: str
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, what, to in (("link", tarfile.SYMTYPE, "infra"), (name, kind, target)):
            member = tarfile.TarInfo(path)
            member.type, member.linkname = what, to
            tar.addfile(member)
    monkeypatch.setattr(revision, "_git", lambda *_: packed.getvalue())
    with pytest.raises(UsageError, match=f"received '{name}'"), revision.laid_out(tmp_path, "HEAD"):
        pass
