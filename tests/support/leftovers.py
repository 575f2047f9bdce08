"""What a run of the tests leaves behind: files and processes. Temporary files lie in one folder and go with the run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.host_state import ONLY_OURS, TEST_RUN

GRACE_S = 60.0  # for programs that are just tidying up


class Leftovers:
    """Gives Python and Java one temporary folder for the whole run, and fails the run if a file or a process is left.

    Belongs to the process that the user started: those that run tests for it inherit its environment, and so does all
    that these start, which is how it is recognised.
    """

    def __init__(self) -> None:
        self._patch = pytest.MonkeyPatch()
        self._shared = {Path(tempfile.gettempdir()), Path("/tmp")}  # Java asks no environment
        self._before = careless(self._shared)
        self._folder: Path | None = None
        self._left: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._folder = session.config._tmp_path_factory.mktemp("tmp")  # type: ignore[attr-defined]
        self._patch.setattr(tempfile, "tempdir", str(self._folder))
        for variable in ("TMPDIR", TEST_RUN):
            self._patch.setenv(variable, str(self._folder))
        self._patch.setenv("JAVA_TOOL_OPTIONS", java_options(self._folder))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """By now no test runs any more, here or elsewhere."""
        self._patch.undo()
        if self._folder is None:
            return
        deadline = time.monotonic() + GRACE_S
        while True:
            files, alive = careless(self._shared) - self._before, orphans(self._folder)
            if not (files or alive) or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        for process in alive:
            self._left.add(f"process {process.pid} ({process.name()})")
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=5)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._left |= {str(file) for file in files}
        if self._left and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left:
            words = "left behind by these tests, or by another program that gives such names and ran meanwhile"
            terminalreporter.write_line(f"{words}: {', '.join(sorted(self._left))}", red=True)


def orphans(folder: Path) -> list[psutil.Process]:
    """Processes that were started by tests of this run, but for those that end with this one."""
    here = {process.pid for process in psutil.Process().children(recursive=True)} | {os.getpid()}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended meanwhile, or is another user's
            if process.pid not in here and Path(process.environ().get(TEST_RUN, "/")).is_relative_to(folder):
                found.append(process)
    return found


def divide(worker: str) -> None:
    """Give a process that runs tests for another a temporary folder of its own within that of the run.

    A test that compares what is there before and after would else meet what other tests are just using.
    """
    folder = Path(tempfile.gettempdir(), worker)
    folder.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = os.environ[TEST_RUN] = str(folder)
    os.environ["JAVA_TOOL_OPTIONS"] = java_options(folder)


def java_options(folder: Path) -> str:
    """``JAVA_TOOL_OPTIONS``: the user's own, and temporary files in ``folder``, where TMPDIR puts Python's alone."""
    theirs = os.environ.get("JAVA_TOOL_OPTIONS", "")
    return f"{theirs} {shlex.quote(f'-Djava.io.tmpdir={folder}')} -XX:-UsePerfData".lstrip()


def careless(folders: set[Path]) -> set[Path]:
    """What only ours leave there: other programs come and go while a session runs."""
    return {folder / name for folder in folders for name in os.listdir(folder) if re.search(ONLY_OURS, name)}
