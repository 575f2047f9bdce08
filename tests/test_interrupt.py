"""A test run that is asked to end tears down what its tests started."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import os, pathlib, signal, time
import pytest

@pytest.fixture(scope="session")
def cluster():
    yield
    pathlib.Path("torn-down").touch()

def test_that_is_ended(cluster):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
"""


def test_sigterm_tears_down(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    (pytester.path / "allowed_skips.txt").touch()
    pytester.makepyfile(TESTS)
    assert pytester.runpytest_subprocess().ret == pytest.ExitCode.INTERRUPTED
    assert (pytester.path / "torn-down").exists()
