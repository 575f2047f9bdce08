"""What holds for every test: a skip needs a committed reason, isolation tests need the means, and no file is left behind."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")
REFUSED_SKIPS = pytest.StashKey[list[str]]()


def allowed_skips() -> list[re.Pattern[str]]:
    lines = ALLOWED_SKIPS.read_text().splitlines()
    return [re.compile(line) for line in lines if line.strip() and not line.startswith("#")]


@functools.cache
def why_no_isolation() -> str | None:
    """What this machine lacks to keep nodes apart, or None."""
    if os.geteuid() != 0:
        return "this is not root"
    if missing := [tool for tool in ("ip", "tc", "unshare") if shutil.which(tool) is None]:
        return f"{missing[0]} is missing (package iproute2 or util-linux)"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        return "the kernel refuses a network namespace"
    if not os.access("/sys/fs/cgroup", os.W_OK):
        return "cgroups cannot be written"
    return None


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as ^C: fixtures tear down what they started
    settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")  # how long an example takes says more of the machine than of the code
    config.stash[REFUSED_SKIPS] = []
    config.pluginmanager.register(SkipPolicy(config), "skip-policy")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("isolation") and (reason := why_no_isolation()):
        pytest.skip(f"isolation: needs root, iproute2 and cgroups; {reason}")


class SkipPolicy:
    """Fails the run on a skip whose reason is not in allowed_skips.txt."""

    def __init__(self, config: pytest.Config) -> None:
        self._refused = config.stash[REFUSED_SKIPS]
        self._allowed = allowed_skips()

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
        for line in self._refused:
            terminalreporter.write_line(f"skip not in {ALLOWED_SKIPS.name}: {line}", red=True)


@pytest.fixture(scope="session", autouse=True)
def _temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tests, and programs that they kill, leave in the temporary folder goes with the session."""
    from tests.support.temporary_files import kept_in

    with kept_in(tmp_path_factory.mktemp("tmp")):
        yield


@pytest.fixture(scope="session")
def store_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the object-store server of this test session."""
    from tests.support.object_store import serving

    with serving(tmp_path_factory.mktemp("store")) as address:
        yield address


@pytest.fixture
def object_store(store_address: str) -> Iterator[str]:
    """The same address; gs:// is at that server for the length of the test."""
    from tests.support.object_store import pointed_at

    with pointed_at(store_address):
        yield store_address


@pytest.fixture
def bucket(object_store: str) -> str:
    """The gs:// URI of a new, empty bucket."""
    from workloads.bucket import client

    name = f"test-{uuid4().hex[:12]}"
    client().create_bucket(name)
    return f"gs://{name}"
