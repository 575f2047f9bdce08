"""Training on two nodes of a real cluster: a worker is killed, both start again after the last epoch, and nothing is left."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support import bakeoff

pytestmark = pytest.mark.xdist_group("host")  # clusters

EPOCHS = 6
SETTINGS = {
    "strategy": "multi_worker_mirrored", "workers": 2, "batch_size": 16, "epochs": EPOCHS, "image_size": 32,
    "source_size": 48, "shards": 2, "trainable": "head",
}  # fmt: skip


def trainers(runs: Path) -> dict[int, psutil.Process]:
    """The training processes of a cluster of ours, by their number among the workers."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "workloads.train.trainer" in words and words[-1].startswith(str(runs)):
            with suppress(FileNotFoundError):  # its folder goes when it ends
                found[json.loads(Path(words[-1]).read_text())["index"]] = process
    return found


@pytest.mark.slow
@pytest.mark.isolation
@pytest.mark.timeout(1500)
def test_a_killed_worker_is_replaced_and_the_run_resumed(tmp_path: Path) -> None:
    runs, log = tmp_path / "runs", tmp_path / "log"
    (runs / "leases").mkdir(parents=True)
    before = bakeoff.snapshot(runs)
    settings = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    arguments = ("run", "train", "--on", "four-medium-ssd", "--count", "60", *settings, "--json")
    with (
        log.open("wb") as words,
        bakeoff.started(runs, *arguments, stdout=subprocess.PIPE, stderr=words) as client,
    ):
        end = time.monotonic() + 600
        while not list(runs.glob("leases/*/store/**/checkpoint.npz")):
            assert client.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        trainers(runs)[1].kill()
        answer, _ = client.communicate(timeout=600)
    assert client.returncode == 0, log.read_text()
    (row,) = json.loads(answer)
    assert row["status"] == "ok", row
    summary = json.loads((Path(row["record"]) / "summary.json").read_text())
    facts = summary["facts"]
    assert (facts["epochs"], facts["num_replicas_in_sync"], len(set(facts["node_addresses"]))) == (EPOCHS, 2, 2)
    assert 1 <= facts["resumed_after_epoch"] < EPOCHS
    assert sum("ended with signal SIGKILL" in note for note in summary["notes"]) == 1
    assert summary["items_in"] == summary["items_out"] == 60
    new = bakeoff.new_since(before, tmp_path, runs)
    new.pop("files", None)  # records, the drawn images, and what other programs keep in /tmp
    assert new == {}
    assert list((runs / "leases").iterdir()) == []
