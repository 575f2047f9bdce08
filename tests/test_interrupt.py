"""A test run that is asked to end tears down what its tests started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_for

pytest_plugins = ["pytester"]

TESTS = """
import os, pathlib, time
import pytest

@pytest.fixture(scope="session")
def cluster():
    yield
    time.sleep(TAKES_S)  # as a teardown takes its time
    pathlib.Path(f"down-{os.getpid()}").touch()

@pytest.mark.parametrize("number", range(2))
def test_that_is_ended(cluster, number):
    pathlib.Path(f"up-{os.getpid()}").touch()
    time.sleep(60)

@pytest.mark.parametrize("number", range(9))
def test_stubborn(cluster, number):
    pathlib.Path(f"up-{os.getpid()}").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


def begun(pytester: pytest.Pytester, teardown_s: float, *arguments: str) -> subprocess.Popen[bytes]:
    """A test run of which every process that runs tests is at work."""
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    (pytester.path / "allowed_skips.txt").touch()
    pytester.makepyfile(TESTS.replace("TAKES_S", str(teardown_s)))
    words = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    run: subprocess.Popen[bytes] = pytester.popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_for(lambda: len(list(pytester.path.glob("up-*"))) == (2 if arguments else 1))
    except BaseException:
        os.killpg(run.pid, signal.SIGKILL)
        raise
    return run


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def test_sigterm_tears_down(pytester: pytest.Pytester) -> None:
    run = begun(pytester, 0)
    run.terminate()
    assert run.wait(60) == pytest.ExitCode.INTERRUPTED
    assert len(list(pytester.path.glob("down-*"))) == 1


def test_an_interrupt_that_a_test_takes_for_its_own_ends_the_run_too(pytester: pytest.Pytester) -> None:
    run = begun(pytester, 0, "-n2", "--dist=each", "-kstubborn")
    run.terminate()
    assert run.wait(60) == pytest.ExitCode.INTERRUPTED
    assert len(list(pytester.path.glob("down-*"))) == 2


@pytest.mark.slow
def test_sigterm_tears_down_in_every_process(pytester: pytest.Pytester) -> None:
    run = begun(pytester, 17, "-n2", "--dist=each")  # pytest-xdist alone would wait for fifteen seconds
    run.terminate()
    assert run.wait(60) == pytest.ExitCode.INTERRUPTED
    assert len(list(pytester.path.glob("down-*"))) == 2


def test_ctrl_c_tears_down_in_every_process(pytester: pytest.Pytester) -> None:
    run = begun(pytester, 1, "-n2", "--dist=each")
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: all of them get it
    assert run.wait(60) == pytest.ExitCode.INTERRUPTED
    assert len(list(pytester.path.glob("down-*"))) == 2
