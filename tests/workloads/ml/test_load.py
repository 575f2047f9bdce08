"""Open-loop load, its latencies, and the feeder of the stream."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.waiting import wait_for
from workloads.latency import due_times, percentiles
from workloads.serve.load import offer
from workloads.storage import Folder
from workloads.stream.feeder import Feeder, journaled


def test_percentiles_by_nearest_rank() -> None:
    assert percentiles([5.0]) == (5.0, 5.0, 5.0)
    assert percentiles([float(n) for n in range(1, 101)]) == (50.0, 95.0, 99.0)
    assert percentiles([2.0, 1.0, 4.0, 3.0]) == (2.0, 4.0, 4.0)


def test_arrivals_are_as_many_as_the_rate_says() -> None:
    assert due_times(4, 1, "uniform", 0) == [0.0, 0.25, 0.5, 0.75]
    drawn = due_times(50, 10, "poisson", 3)
    assert len(drawn) == 500
    assert drawn == sorted(drawn) == due_times(50, 10, "poisson", 3)
    assert 0 <= drawn[0] < drawn[-1] <= 10
    gaps = [b - a for a, b in pairwise(drawn)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((g - mean) ** 2 for g in gaps) / len(gaps)) ** 0.5
    assert 0.85 < spread / mean < 1.15  # 1 for independent arrivals, 0 for equal distances


def test_latency_counts_from_when_a_request_was_due() -> None:
    """One slow answer delays the ones behind it, and each of them says so: no coordinated omission."""

    began: list[float] = []

    def answer(request: int) -> None:
        began.append(time.perf_counter())
        time.sleep(0.3 if request == 0 else 0.001)

    due = [0.0, 0.05, 0.1, 0.6]
    called = time.perf_counter()
    load = offer(due, answer, concurrency=1, backlog_s=300)
    returned = time.perf_counter()
    assert load.offered == load.planned == 4
    assert load.latencies_s[0] >= 0.3
    assert load.latencies_s[1] >= 0.25
    assert load.latencies_s[2] >= 0.2
    for due_s, began_at, latency_s in zip(due, began, load.latencies_s, strict=True):  # also on a machine that stalls
        assert began_at - began[0] - due_s < latency_s < returned - called - due_s


def test_a_load_that_cannot_be_kept_up_with_is_cut_off() -> None:
    due = [n * 0.01 for n in range(200)]
    load = offer(due, lambda _: time.sleep(0.05), concurrency=1, backlog_s=0.2)
    assert load.cut_off
    assert 0 < load.offered < 200
    assert len(load.latencies_s) == load.offered  # what was sent is answered, and counted


def test_a_failing_answer_ends_the_load() -> None:
    def answer(request: int) -> None:
        raise ZeroDivisionError(request)

    with pytest.raises(ZeroDivisionError):
        offer([0.0, 0.01, 0.02], answer, concurrency=2, backlog_s=1)


def test_the_feeder_keeps_to_its_rate_and_journals_every_arrival_once(tmp_path: Path) -> None:
    arrivals, journal = Folder(tmp_path / "arrivals"), Folder(tmp_path / "journal")
    feeder = Feeder(arrivals, journal, [("daisy/a.jpg", b"a"), ("tulips/b.jpg", b"b")], threads=3, first=5)
    start = time.monotonic()
    feeder.feed(0, due_times(20, 1, "uniform", 0), threading.Event())
    assert time.monotonic() - start > 0.9
    rows = journaled(journal)
    names = [str(row["name"]) for row in rows]
    assert sorted(names) == sorted(entry.name for entry in arrivals.list())
    assert len(set(names)) == len(names) == 20
    assert min(names) == "00000005/tulips/b.jpg"  # number 5 is the second picture
    assert feeder.first == 25
    assert all(abs(feeder.due_at[str(row["name"])] - float(str(row["due_at"]))) < 1e-6 for row in rows)
    assert all(entry.name.endswith(".json") for entry in journal.list())


def test_a_halted_feeder_journals_what_it_has_uploaded(tmp_path: Path) -> None:
    arrivals, journal = Folder(tmp_path / "arrivals"), Folder(tmp_path / "journal")
    feeder = Feeder(arrivals, journal, [("daisy/a.jpg", b"a")], threads=1)
    halt = threading.Event()

    def halt_soon() -> None:
        wait_for(lambda: feeder.due_at)  # until one has been uploaded
        halt.set()

    halting = threading.Thread(target=halt_soon)
    halting.start()
    feeder.feed(0, due_times(20, 150, "uniform", 0), halt)
    halting.join()
    rows = journaled(journal)
    assert 0 < len(rows) < 3000
    assert len(rows) == len(arrivals.list()) == feeder.first
