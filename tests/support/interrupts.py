"""A test run that is asked to end (^C, SIGTERM) tears down what its tests started, in whichever process that is."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

import psutil
import pytest

TEARDOWN_S = 300  # a cluster that is just coming up is taken down in less


def end_once(number: int, frame: object) -> None:
    """Ends a process that runs tests for another. What comes later, as ^C and then a SIGTERM, ends no teardown."""
    for later in (signal.SIGINT, signal.SIGTERM):
        signal.signal(later, lambda *_: None)
    raise KeyboardInterrupt


def handle_signals(config: pytest.Config) -> None:
    """SIGTERM is as ^C: fixtures tear down what they started."""
    if hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, end_once)
        signal.signal(signal.SIGTERM, end_once)
    else:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


class Workers:
    """For the process that gives tests to others (pytest-xdist): when it is interrupted, those end first, by themselves.

    pytest-xdist alone would kill them after ten seconds.
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        self._nodes.append(node)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus != pytest.ExitCode.INTERRUPTED or not self._nodes:
            return
        for child in psutil.Process().children():  # this process starts nothing else
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)
        for node in self._nodes:
            with suppress(Exception):  # it has ended, whichever way
                node.channel.waitclose(TEARDOWN_S)
