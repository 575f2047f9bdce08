"""What the benches start: it ends with its block, and its temporary files lie in the folder of the bench."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.base.paths import PROJECT_DIR
from tests.bench.bench_img2dataset import img2dataset
from tests.support.waiting import wait_for

STUB = """#!/bin/sh
sleep 300 &
echo $! > child
echo "$JAVA_TOOL_OPTIONS" > options
read go
echo '{"done": 3, "rate": 1.5}'
wait
"""
TWO_SPARKS = """
import os, signal, sys
from pathlib import Path
from tests.bench.local_spark import local_spark

before = signal.getsignal(signal.SIGINT)
for name in ("first", "second"):
    folder = Path(sys.argv[1], name)
    with local_spark(folder, 1) as context:
        assert context._jvm.System.getProperty("java.io.tmpdir") == str(folder)
        assert context._jvm.System.getProperty("theirs") == "kept"
        java = context._gateway.proc
    assert java.returncode is not None
    assert not list(folder.iterdir())
assert os.environ["JAVA_TOOL_OPTIONS"] == "-Dtheirs=kept"
assert signal.getsignal(signal.SIGINT) is before
"""


def ended(process: psutil.Process) -> bool:
    """It is gone, or nobody has asked for its exit code yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_img2dataset_ends_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dtheirs=kept")
    stub = tmp_path / "python"
    stub.write_text(STUB)
    stub.chmod(0o755)
    with img2dataset(stub, tmp_path, tmp_path / "urls.txt", threads=4, count=3) as go:
        assert go() == 1.5
        child = psutil.Process(int((tmp_path / "child").read_text()))
    wait_for(lambda: ended(child))
    options = f"-Dtheirs=kept -Djava.io.tmpdir={tmp_path} -XX:-UsePerfData\n"
    assert (tmp_path / "options").read_text() == options


@pytest.mark.slow
def test_a_spark_has_its_temporary_files_in_its_folder_and_gives_back_what_it_set(tmp_path: Path) -> None:
    mine = {"PYTHONPATH": str(PROJECT_DIR), "JAVA_TOOL_OPTIONS": "-Dtheirs=kept"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_SPARKS, str(tmp_path / "a folder")],
        env=os.environ | mine,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
