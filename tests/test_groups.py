"""Tests of one group, and of one file, run in one process; on a small run of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TEST = """
import os, pathlib, pytest
{mark}
@pytest.mark.parametrize("number", range(4))
def test(number):
    pathlib.Path("ran", f"{{os.environ['PYTEST_XDIST_WORKER']}}-{{__name__}}-{{number}}").touch()
"""


def test_a_group_and_a_file_stay_together_and_the_host_comes_first(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    (pytester.path / "allowed_skips.txt").touch()
    (pytester.path / "ran").mkdir()
    of_the_host = TEST.format(mark='@pytest.mark.xdist_group("host")')
    files = {f"test_{name}": TEST.format(mark="") for name in "ab"} | {"test_x": of_the_host, "test_y": of_the_host}
    pytester.makepyfile(**files)
    run = pytester.runpytest_inprocess("-n2", "--dist=loadscope", "--no-loadscope-reorder", "-v")
    run.assert_outcomes(passed=16)
    ran = [path.name.split("-") for path in (pytester.path / "ran").iterdir()]
    workers = {name: {worker for worker, module, _ in ran if module == name} for name in files}
    assert all(len(found) == 1 for found in workers.values()), json.dumps(ran)
    assert workers["test_x"] == workers["test_y"]
    started = [line for line in run.outlines if line.startswith("test_") and line.endswith(" ")]
    assert any(line.startswith("test_x") for line in started[:2]), started
