"""One device, several devices and several workers follow the same loss curve, and batch normalisation is why.

In float64: what rounding makes of the curve is in ``workloads/decisions/2026-11-26-one-loss-curve.md``.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.workloads.jobs import PLAIN, SMALL, Rows, images, losses, results, run, start
from workloads.record import Summary
from workloads.train.cluster_spec import ClusterSpec, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # on a machine that does other work, too

IMAGES = 40  # of which 16 to 31 are for training: one update an epoch, so that the rows are the curve, update by update
UPDATES = 12
SETTINGS: dict[str, Any] = {
    **SMALL, **PLAIN, "precision": "float64", "batch_size": 16, "epochs": UPDATES, "learning_rate": 1e-4,
}  # fmt: skip
# Of the loss. A disturbance of 1e-15 of one device's weights grows to 1e-7 in twelve updates.
FIRST, ALL = 1e-11, 1e-5
# Of a worker, at most. It has 130 on two cores, and pools grow with cores; a thread for each sum would be 5,000 by the end.
THREADS = 1500


def workers(folder: Path, **config: Any) -> tuple[Summary, Rows, Summary]:
    """Two processes that TF_CONFIG introduces to each other, each at an address of its own."""
    hosts = ["127.0.0.2", "127.0.0.3"]
    addresses = [f"{host}:{free_port(host)}" for host in hosts]
    jobs = [
        start(
            folder / f"node{index}",
            "train",
            {"TF_CONFIG": ClusterSpec.of_workers(addresses, index).tf_config},
            strategy="multi_worker_mirrored",
            **config,
        )
        for index in range(2)
    ]
    try:
        end, threads = time.monotonic() + 800, 0
        while any(job.poll() is None for job in jobs) and time.monotonic() < end:
            for job in jobs:
                threads = max(threads, _threads_of_children(job.pid))
            time.sleep(0.2)
        for index, job in enumerate(jobs):
            assert job.poll() == 0, (folder / f"node{index}" / "stderr").read_text()
        assert 0 < threads < THREADS
    finally:
        for job in jobs:
            job.kill()
            job.wait()
    summary, rows = results(folder / "node0" / "results")
    second, _ = results(folder / "node1" / "results" / "worker-1")
    return summary, rows, second


def _threads_of_children(pid: int) -> int:
    with suppress(psutil.NoSuchProcess):
        return max((child.num_threads() for child in psutil.Process(pid).children()), default=0)
    return 0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return images(tmp_path_factory.mktemp("set") / "images", IMAGES)


@pytest.fixture(scope="module")
def one_device(source: str, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    folder = tmp_path_factory.mktemp("one")
    summary, rows = run(folder, "train", images_uri=source, output_uri=str(folder / "out"), **SETTINGS)
    curve = losses(rows)
    assert summary.facts["updates"] == len(curve) == UPDATES
    assert max(curve) / min(curve) > 1.1  # a curve that stood still would be followed by anything
    return curve


def check(curve: list[float], expected: list[float]) -> None:
    assert curve[:2] == pytest.approx(expected[:2], rel=FIRST)
    assert curve == pytest.approx(expected, rel=ALL)


def test_two_workers_follow_one_device(source: str, one_device: list[float], tmp_path: Path) -> None:
    summary, rows, second = workers(tmp_path, images_uri=source, output_uri=str(tmp_path / "out"), **SETTINGS)
    assert summary.facts["num_replicas_in_sync"] == 2
    assert summary.facts["node_addresses"] == ["127.0.0.2", "127.0.0.3"]
    assert summary.items_in + second.items_in == IMAGES
    check(losses(rows), one_device)


def test_two_devices_follow_one_device(source: str, one_device: list[float], tmp_path: Path) -> None:
    summary, rows = run(
        tmp_path, "train", images_uri=source, output_uri=str(tmp_path / "out"), strategy="mirrored", **SETTINGS
    )
    assert (summary.status, summary.items_out) == ("ok", IMAGES)
    assert summary.facts["num_replicas_in_sync"] == 2
    check(losses(rows), one_device)


def test_without_synchronised_normalisation_the_curve_is_another(
    source: str, one_device: list[float], tmp_path: Path
) -> None:
    """What shows that the tolerance tells equal from unequal."""
    config: dict[str, Any] = {"images_uri": source, "output_uri": str(tmp_path / "out"), "strategy": "mirrored"}
    _, rows = run(tmp_path, "train", sync_batch_norm=False, **config, **SETTINGS)
    assert abs(losses(rows)[0] / one_device[0] - 1) > 1e-3
