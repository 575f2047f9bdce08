from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.base.errors import BakeoffError, Interrupted
from infra.base.locks import host_lock
from infra.base.paths import PROJECT_DIR
from infra.base.progress import Silent
from infra.base.signals import Interruptible, ignored, raise_interrupted

HOLDER = """
import sys, time
from infra.base.locks import host_lock
with host_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_held_by_one_process_and_dies_with_it() -> None:
    name = f"test-{secrets.token_hex(4)}-{'long' * 50}"
    with subprocess.Popen([sys.executable, "-c", HOLDER, name], cwd=PROJECT_DIR, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
            with pytest.raises(BakeoffError, match=name), host_lock(name, timeout_s=0.3):
                pass
        finally:
            holder.kill()
            holder.wait()
        with host_lock(name, timeout_s=5):
            pass


def test_a_lock_is_not_waited_for_by_who_holds_it() -> None:
    name = f"test-{secrets.token_hex(4)}"
    with host_lock(name), pytest.raises(RuntimeError, match=name), host_lock(name):
        pass
    with host_lock(name, timeout_s=1):
        pass


def send_and_wait(number: signal.Signals) -> bool:
    os.kill(os.getpid(), number)
    time.sleep(0.05)
    return True


def test_signals_raise_and_are_put_off_during_teardown(tmp_path: Path) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        raise_interrupted()
        with pytest.raises(Interrupted, match="SIGTERM"):
            send_and_wait(signal.SIGTERM)
        finished: list[bool] = []
        with pytest.raises(Interrupted, match="SIGINT"), ignored():
            finished.append(send_and_wait(signal.SIGINT))
        assert finished == [True]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_an_interrupt_reaches_work_in_threads_but_for_its_teardown() -> None:
    heeding = Interruptible(Silent())
    torn_down: list[bool] = []

    def work() -> None:
        heeding.stage("before")
        heeding.interrupt(Interrupted("Stopped by SIGINT."))
        try:
            heeding.advance(1, 2, "images")
        finally:
            with ignored():
                heeding.stage("tear down")
            torn_down.append(True)

    with ThreadPoolExecutor(1) as pool, pytest.raises(Interrupted, match="SIGINT"):
        pool.submit(work).result(60)
    assert torn_down == [True]
    heeding.note("the main thread has its own")
