"""A full disk ends in one line that says what to do."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from infra.cli import app

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/runs/search.jsonl")


def raising(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(app, "app", fail)
    monkeypatch.setattr(app, "raise_interrupted", lambda: None)


@pytest.mark.parametrize("error", [FULL, shutil.Error([("a", "b", str(FULL))])], ids=["one", "gathered"])
def test_a_full_disk_is_named_with_its_cure(
    error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(error, monkeypatch)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 1
    assert "No space is left on the disk" in capsys.readouterr().err


def test_other_errors_of_files_are_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(PermissionError(errno.EACCES, "denied"), monkeypatch)
    with pytest.raises(PermissionError):
        app.main()
