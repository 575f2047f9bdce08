"""Temporary files of the tests, and of what they start, lie in one folder and go with it, also those of killed programs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.host_state import ONLY_OURS

GRACE_S = 60.0  # for programs that are just tidying up


class TemporaryFiles:
    """Gives Python and Java one temporary folder for the whole run, and fails the run if something lies elsewhere.

    Belongs to the process that the user started: those that run tests for it inherit its environment.
    """

    def __init__(self) -> None:
        self._patch = pytest.MonkeyPatch()
        self._shared = {Path(tempfile.gettempdir()), Path("/tmp")}  # Java asks no environment
        self._before = careless(self._shared)
        self._folder: Path | None = None
        self._left: set[Path] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._folder = session.config._tmp_path_factory.mktemp("tmp")  # type: ignore[attr-defined]
        self._patch.setattr(tempfile, "tempdir", str(self._folder))
        self._patch.setenv("TMPDIR", str(self._folder))
        self._patch.setenv("JAVA_TOOL_OPTIONS", java_options(self._folder))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """By now no test runs any more, here or elsewhere."""
        self._patch.undo()
        if self._folder is None:
            return
        shutil.rmtree(self._folder, ignore_errors=True)  # a Java virtual machine that ends with us tidies up, too
        deadline = time.monotonic() + GRACE_S
        while (left := careless(self._shared) - self._before) and time.monotonic() < deadline:
            time.sleep(0.1)
        self._left = left
        if left and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left:
            names = ", ".join(sorted(map(str, self._left)))
            words = "left behind by these tests, or by another program that gives such names and ran meanwhile"
            terminalreporter.write_line(f"{words}: {names}", red=True)


def divide(worker: str) -> None:
    """Give a process that runs tests for another a temporary folder of its own within that of the run.

    A test that compares what is there before and after would else meet what other tests are just using.
    """
    folder = Path(tempfile.gettempdir(), worker)
    folder.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    os.environ["JAVA_TOOL_OPTIONS"] = java_options(folder)


def java_options(folder: Path) -> str:
    """``JAVA_TOOL_OPTIONS``: the user's own, and temporary files in ``folder``, where TMPDIR puts Python's alone."""
    theirs = os.environ.get("JAVA_TOOL_OPTIONS", "")
    return f"{theirs} {shlex.quote(f'-Djava.io.tmpdir={folder}')} -XX:-UsePerfData".lstrip()


def careless(folders: set[Path]) -> set[Path]:
    """What only ours leave there: other programs come and go while a session runs."""
    return {folder / name for folder in folders for name in os.listdir(folder) if re.search(ONLY_OURS, name)}
