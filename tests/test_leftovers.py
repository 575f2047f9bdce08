"""What tests leave behind, on small runs of their own."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.support.spark import set_java_home

pytest_plugins = ["pytester"]
CONFTEST = Path(__file__).with_name("conftest.py")

KILLED_SPARK = """
import os, signal, subprocess, sys

PROGRAM = '''
from pyspark import SparkConf, SparkContext
conf = SparkConf().setMaster("local[1]").setAppName("killed").set("spark.ui.enabled", "false")
conf.set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1")
context = SparkContext(conf=conf)
print(context._gateway.proc.pid, flush=True)
input()
'''

def test():
    spark = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    os.kill(int(spark.stdout.readline()), signal.SIGKILL)
    spark.kill()
    spark.communicate()
"""


@pytest.fixture
def shared(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder that a small run shares with all programs."""
    pytester.makeconftest(CONFTEST.read_text())
    (pytester.path / "allowed_skips.txt").touch()
    folder = pytester.mkdir("shared")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_what_is_left_elsewhere_fails_the_run(
    pytester: pytest.Pytester, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.leftovers.GRACE_S", 1.0)
    pytester.makepyfile(f"from pathlib import Path\ndef test(): Path({str(shared / 'spark-1')!r}).mkdir()\n")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*left behind by these tests, or *spark-1"])


def test_python_and_its_programs_have_one_folder_that_goes(pytester: pytest.Pytester, shared: Path) -> None:
    pytester.makepyfile(
        """
        import os, subprocess, tempfile
        def test():
            told = subprocess.run(["mktemp"], capture_output=True, text=True, check=True).stdout.strip()
            open("folders", "w").write("\\n".join([tempfile.mkdtemp(), told]))
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    ours, theirs = map(Path, (pytester.path / "folders").read_text().split())
    assert ours.parent == theirs.parent
    assert not ours.is_relative_to(shared)
    assert not ours.parent.exists()


def test_several_processes_have_the_same_folder_and_are_judged_once(
    pytester: pytest.Pytester, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.leftovers.GRACE_S", 1.0)
    pytester.makepyfile(
        f"""
        import os, pathlib, pytest, tempfile
        @pytest.mark.parametrize("number", range(2))
        def test(number):
            pathlib.Path(os.environ["PYTEST_XDIST_WORKER"]).write_text(tempfile.mkdtemp())
            pathlib.Path({str(shared)!r}, f"spark-{{number}}").mkdir(exist_ok=True)
        """
    )
    result = pytester.runpytest_inprocess("-n2", "--dist=each")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lines = [line for line in result.outlines if "left behind by these tests" in line]
    assert len(lines) == 1 and "spark-0" in lines[0] and "spark-1" in lines[0]
    folders = [Path((pytester.path / name).read_text()).parent for name in ("gw0", "gw1")]
    assert [folder.name for folder in folders] == ["gw0", "gw1"]  # each its own, in that of the run
    (whole,) = {folder.parent for folder in folders}
    assert not whole.exists()


def test_a_process_that_is_left_fails_the_run_and_is_ended(
    pytester: pytest.Pytester, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.leftovers.GRACE_S", 1.0)
    pytester.makepyfile(
        """
        import subprocess
        def test():
            told = subprocess.run(["sh", "-c", "sleep 300 > /dev/null 2>&1 & echo $!"], capture_output=True, text=True)
            open("pid", "w").write(told.stdout)
        """
    )
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    pid = int((pytester.path / "pid").read_text())
    result.stdout.fnmatch_lines([f"*left behind by these tests, or *process {pid} (sleep)"])
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # which nobody reaps


def test_a_killed_spark_leaves_nothing(pytester: pytest.Pytester, shared: Path) -> None:
    set_java_home()
    pytester.makepyfile(KILLED_SPARK)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    assert not list(shared.iterdir())
