"""kill -9 of bakeoff at seeded random moments: clean finds and removes all of it, and only of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.base.paths import CACHE_DIR
from infra.targets.local import class_archive
from tests.support import bakeoff
from tests.support.waiting import wait_for

pytestmark = pytest.mark.xdist_group("host")  # clusters

SEED = 20261122
KILLS = 8
LONGEST_S = 20.0  # of a cycle on a quiet host: apply, load, submit, run, destroy


def kills() -> list[Any]:
    """With each isolation, evenly strewn over a cycle, each at a random place in its stratum. Four of all are run always."""
    numbers = random.Random(SEED)
    offsets = [round((i + numbers.random()) * LONGEST_S / KILLS, 2) for i in range(KILLS)]
    always = {"namespaces": (1, 5), "none": (3, 7)}
    return [
        pytest.param(isolation, offset_s, marks=() if i in always[isolation] else pytest.mark.more_kills)
        for isolation in always
        for i, offset_s in enumerate(offsets)
    ]


@pytest.fixture(scope="module", autouse=True)
def caches(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a checkout keeps for good is made before anything is compared."""
    class_archive.ensure_class_archive(CACHE_DIR)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs; what a killed verb left, and a test that failed or was stopped did not clean, is cleaned."""
    folder = tmp_path / "runs"
    (folder / "leases").mkdir(parents=True)
    yield folder
    if list((folder / "leases").iterdir()):
        bakeoff.run(folder, "clean", "--yes")


@pytest.mark.slow
@pytest.mark.isolation
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("isolation", "offset_s"), kills())
def test_clean_removes_what_a_killed_run_left(tmp_path: Path, runs: Path, isolation: str, offset_s: float) -> None:
    arguments = ("run", "write_tfrecords", "--on", "one-large-ssd", "--count", "40", "--isolation", isolation)
    bakeoff_before = bakeoff.snapshot(runs, CACHE_DIR)
    log = tmp_path / "log"
    with (
        log.open("wb") as words,
        bakeoff.started(runs, *arguments, stdout=words, stderr=words, start_new_session=True) as client,
    ):
        time.sleep(offset_s)
        os.kill(client.pid, signal.SIGKILL)  # bakeoff alone: what it started lives on
        client.wait()
    dry = bakeoff.run_json(runs, "clean")
    assert dry["removed"] == []
    if dry["found"]:
        assert bakeoff.new_since(bakeoff_before, tmp_path, runs, CACHE_DIR), "clean found what is not there"
    cleaned = bakeoff.run_json(runs, "clean", "--yes")
    assert cleaned["left"] == []
    new = bakeoff.new_since(bakeoff_before, tmp_path, runs, CACHE_DIR)
    kept = [
        f for f in new.get("files", []) if "/runs/run" in f or "/flowers-like-40-" in f
    ]  # records, the drawn images
    assert {kind: lines for kind, lines in new.items() if kind != "files"} == {}, log.read_text()
    assert [f for f in new.get("files", []) if f not in kept] == []
    assert bakeoff.run_json(runs, "clean") == {"found": [], "removed": [], "left": [], "foreign": []}


@pytest.mark.slow
@pytest.mark.isolation
@pytest.mark.timeout(900)
def test_clean_leaves_a_standing_cluster_alone(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    applied = bakeoff.run_json(other, "apply", "one-large-ssd")
    try:
        words = ("run", "read_speed", "--on", "one-large-standard", "--count", "40")
        with bakeoff.started(mine, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
            time.sleep(9)
            os.kill(client.pid, signal.SIGKILL)
            client.wait()
        cleaned = bakeoff.run_json(mine, "clean", "--yes")
        assert cleaned["left"] == []
        assert any(applied["lease"] in line for line in cleaned["foreign"])
        assert not any(applied["lease"] in line for line in cleaned["found"])
        assert bakeoff.run_json(other, "clean", "--yes")["found"] == []
        written = bakeoff.run_json(other, "run", "write_tfrecords", "--on", "one-large-ssd", "--count", "40")
        assert written[0]["status"] == "ok"
    finally:
        bakeoff.run(other, "destroy", "--all")


@pytest.mark.slow
@pytest.mark.isolation
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_in_teardown(tmp_path: Path, runs: Path, number: signal.Signals) -> None:
    before = bakeoff.snapshot(runs, CACHE_DIR)
    words = ("run", "write_tfrecords", "--on", "one-large-ssd", "--count", "40")
    with bakeoff.started(runs, *words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as client:
        wait_for(lambda: client.poll() is not None or list(runs.glob("*/.tmp-*")), 400)  # the attempt has begun
        client.send_signal(number)
        _, said = client.communicate(timeout=300)
    assert client.returncode == 130, said
    assert number.name in said
    new = bakeoff.new_since(before, tmp_path, runs, CACHE_DIR)
    assert [f for f in new.get("files", []) if "/runs/run" not in f and "/flowers-like-40-" not in f] == []
    assert {kind for kind in new if kind != "files"} == set()


@pytest.mark.slow
@pytest.mark.isolation
@pytest.mark.timeout(900)
def test_a_killed_bench_resumes_and_repeats_nothing(tmp_path: Path, runs: Path) -> None:
    experiment = tmp_path / "resume.toml"
    experiment.write_text(
        'name = "resume"\nscenarios = ["one-large-ssd"]\nrepeats = 3\n[data]\ncount = 40\n'
        '[[workloads]]\nname = "read_speed"\nconfig = { batch_sizes = [8], batch_counts = [2], repetitions = 1 }\n'
    )
    words = ("bench", str(experiment))
    with bakeoff.started(runs, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        wait_for(lambda: client.poll() is not None or list(runs.glob("resume/*/run.json")), 500)
        client.kill()
        client.wait()
    kept = {path: path.read_bytes() for path in runs.glob("resume/*/run.json")}
    assert 1 <= len(kept) < 3
    rows = bakeoff.run_json(runs, "bench", str(experiment))
    assert sorted(row["status"] for row in rows) == sorted(["done_before"] * len(kept) + ["ok"] * (3 - len(kept)))
    assert {path: path.read_bytes() for path in kept} == kept
    assert len(list(runs.glob("resume/*/run.json"))) == 3
    assert bakeoff.run_json(runs, "clean") == {"found": [], "removed": [], "left": [], "foreign": []}
