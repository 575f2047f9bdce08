"""A run fails on a skip whose reason is not in the list of allowed ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


class SkipPolicy:
    """Where tests run in several processes, the one that hears of all results decides.

    Args:
        allowed: file with one regular expression a line; lines that begin with ``#`` say why.
    """

    def __init__(self, allowed: Path) -> None:
        self._name = allowed.name
        lines = allowed.read_text(encoding="utf-8").splitlines()
        self._allowed = [re.compile(line) for line in lines if line.strip() and not line.startswith("#")]
        self._refused: list[str] = []

    def _judge(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not any(pattern.search(reason) for pattern in self._allowed):
            self._refused.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._judge(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._judge(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._refused and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in dict.fromkeys(self._refused):  # each process that runs tests collects all of them
            terminalreporter.write_line(f"skip not in {self._name}: {line}", red=True)
