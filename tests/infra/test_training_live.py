"""Training over two nodes of a real local cluster: a worker is killed, and Spark starts both again from the last epoch."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from infra.paths import PROJECT_DIR
from tests.infra import bakeoff

EXPERIMENT = """name = "live"
scenarios = ["four-medium-ssd"]
repeats = 1
[data]
count = 60
[[workloads]]
name = "train"
[workloads.config]
strategy = "multi_worker_mirrored"
workers = 2
batch_size = 16
epochs = 20
image_size = 32
source_size = 48
shards = 2
"""


def trainers(runs: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "workloads.train.trainer" in words and any(str(runs) in word for word in words):
            found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.isolation
@pytest.mark.timeout(900)
def test_a_killed_worker_resumes_on_the_cluster(tmp_path: Path) -> None:
    runs, experiment, log = tmp_path / "runs", tmp_path / "live.toml", tmp_path / "log"
    experiment.write_text(EXPERIMENT)
    with log.open("wb") as words:
        client = subprocess.Popen(
            bakeoff.command("bench", str(experiment), "--json"),
            cwd=PROJECT_DIR,
            env=bakeoff.environment(runs),
            stdout=subprocess.PIPE,
            stderr=words,
        )
    try:
        deadline = time.monotonic() + 500
        while not list(runs.glob("leases/*/store/**/checkpoint.npz*")):
            assert client.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        first, second = trainers(runs)
        second.kill()
        answer, _ = client.communicate(timeout=600)
    finally:
        client.terminate()  # it tears down
        client.wait()
    assert first.pid not in [process.pid for process in trainers(runs)]
    (row,) = json.loads(answer)
    assert row["status"] == "ok", row
    facts = json.loads((Path(row["record"]) / "summary.json").read_text())["facts"]
    assert facts["num_replicas_in_sync"] == 2
    assert len(set(facts["node_addresses"])) == 2
    assert facts["epochs"] == 20
    assert 1 <= facts["resumed_after_epoch"] < 20
