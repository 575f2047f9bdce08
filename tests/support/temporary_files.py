"""Temporary files of the tests, and of what they start, lie in one folder and go with it, also those of killed programs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.host_state import ONLY_OURS

GRACE_S = 60.0  # for programs that are just tidying up


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Python and Java have their temporary files in ``folder``, which is removed at the end.

    Raises:
        AssertionError: something lies where it would lie without this.
    """
    shared = {Path(tempfile.gettempdir()), Path("/tmp")}  # Java asks no environment
    before = careless(shared)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("JAVA_TOOL_OPTIONS", java_options(folder))
        yield
    shutil.rmtree(folder, ignore_errors=True)  # a Java virtual machine that ends with us tidies up there, too
    deadline = time.monotonic() + GRACE_S
    while (left := careless(shared) - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    names = ", ".join(sorted(map(str, left)))
    assert not left, (
        f"left behind by these tests, or by another program that gives such names and ran meanwhile: {names}"
    )


def java_options(folder: Path) -> str:
    """``JAVA_TOOL_OPTIONS``: the user's own, and temporary files in ``folder``, where TMPDIR puts Python's alone."""
    theirs = os.environ.get("JAVA_TOOL_OPTIONS", "")
    return f"{theirs} {shlex.quote(f'-Djava.io.tmpdir={folder}')} -XX:-UsePerfData".lstrip()


def careless(folders: set[Path]) -> set[Path]:
    """What only ours leave there: other programs come and go while a session runs."""
    return {folder / name for folder in folders for name in os.listdir(folder) if re.search(ONLY_OURS, name)}
