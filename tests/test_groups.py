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
    place = len(list(pathlib.Path("ran").glob(f"{{os.environ['PYTEST_XDIST_WORKER']}}-*")))
    pathlib.Path("ran", f"{{os.environ['PYTEST_XDIST_WORKER']}}-{{__name__}}-{{place}}").touch()
"""


def test_a_group_and_a_file_stay_together_and_the_host_comes_first(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text())
    (pytester.path / "allowed_skips.txt").touch()
    (pytester.path / "ran").mkdir()
    grouped = TEST.format(mark='@pytest.mark.xdist_group("host")')
    files = {f"test_{name}": TEST.format(mark="") for name in "ab"} | {"test_x": grouped, "test_y": grouped}
    pytester.makepyfile(**files)
    run = pytester.runpytest_inprocess("-n2", "--dist=loadscope", "--no-loadscope-reorder")
    run.assert_outcomes(passed=16)
    ran = [path.name.split("-") for path in (pytester.path / "ran").iterdir()]
    workers = {name: {worker for worker, module, _ in ran if module == name} for name in files}
    assert all(len(found) == 1 for found in workers.values()), json.dumps(ran)
    assert workers["test_x"] == workers["test_y"]
    of_the_host = {"test_x", "test_y"}
    assert {int(place) for _, module, place in ran if module in of_the_host} == set(range(8))
