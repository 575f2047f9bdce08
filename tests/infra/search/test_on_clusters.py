"""A real search on the local target: real Terraform, real Spark, tiny shapes, killed once on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support import bakeoff

pytestmark = pytest.mark.xdist_group("host")  # clusters

SPACE = """name = "tiny"
[[grid]]
workers = [0]
machine_type = ["n1-standard-4", "n1-standard-8", "n1-highmem-4", "n1-highmem-8"]
disk_type = ["pd-standard", "pd-balanced", "pd-ssd"]
disk_gb = [500]
"""


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_search_of_twelve_shapes_is_killed_resumes_and_recommends(tmp_path: Path) -> None:
    space, runs = tmp_path / "tiny.toml", tmp_path / "runs"
    space.write_text(SPACE)
    words = ["search", "--space", str(space), "--workload", "write_tfrecords", "--count", "40", "--no-history"]
    words += ["--max-usd", "5"]  # notional
    journal = runs / "search-tiny" / "search.jsonl"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        with bakeoff.started(runs, *words, "--max-runs", "2", **quiet) as process:
            deadline = time.monotonic() + 600
            while time.monotonic() < deadline and not (journal.exists() and '"outcome"' in journal.read_text()):
                assert process.poll() is None, "it ended before it could be killed"
                time.sleep(0.5)
            os.kill(process.pid, signal.SIGKILL)
        first = journal.read_text().count('"outcome"')
        assert first == 1
        found = bakeoff.run_json(runs, *words, "--max-runs", "2")
        assert [run["status"] for run in found["runs"]] == ["ok", "ok"]
        assert len({run["shape"] for run in found["runs"]}) == 2
        assert found["runs_saved"] == 10
        assert found["winner"]["low"] < found["winner"]["measured"] < found["winner"]["high"]
        assert found["reason"] == "--max-runs 2 is reached"
        assert bakeoff.run_json(runs, "clean") == {"found": [], "removed": [], "left": [], "foreign": []}
    finally:
        bakeoff.run(runs, "clean", "--yes")
