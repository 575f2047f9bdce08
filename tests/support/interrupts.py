"""A test run that is asked to end (^C, SIGTERM) tears down what its tests started, in whichever process that is."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

import psutil
import pytest

TEARDOWN_S = 300  # a cluster that is just coming up is taken down in less


class Worker:
    """For a process that runs tests for another (pytest-xdist)."""

    def __init__(self) -> None:
        self._session: pytest.Session | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def _end(self, number: int, frame: object) -> None:
        """What comes later, as a SIGTERM after ^C, ends no teardown."""
        for later in (signal.SIGINT, signal.SIGTERM):
            signal.signal(later, lambda *_: None)
        assert self._session is not None
        self._session.shouldstop = "interrupted"  # also where a test, or a library, takes the exception for its own
        raise KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool | None:
        """Begin no test any more."""
        return True if self._session is not None and self._session.shouldstop else None


class Controller:
    """For the process that the user started. Those that run tests for it end by themselves, and first.

    pytest-xdist alone would kill them after fifteen seconds.
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as ^C

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        self._nodes.append(node)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus != pytest.ExitCode.INTERRUPTED or not self._nodes:
            return
        for node in self._nodes:
            with suppress(Exception):  # it has ended, whichever way; here and below
                node.shutdown()
        for child in psutil.Process().children():  # this process starts nothing else
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)
        for node in self._nodes:
            with suppress(Exception):
                node.channel.waitclose(TEARDOWN_S)
