"""What holds for every test: a skip needs a committed reason, isolation tests need the means, and no file is left behind."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests.support.groups import Grouping
from tests.support.interrupts import Controller, Worker
from tests.support.leftovers import Leftovers, divide
from tests.support.skip_policy import SkipPolicy


@functools.cache
def why_no_isolation() -> str | None:
    """What this machine lacks to keep nodes apart, or None."""
    if os.geteuid() != 0:
        return "this is not root"
    if missing := [tool for tool in ("ip", "tc", "unshare") if shutil.which(tool) is None]:
        return f"{missing[0]} is missing (package iproute2 or util-linux)"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        return "the kernel refuses a network namespace"
    if not os.access("/sys/fs/cgroup", os.W_OK):
        return "cgroups cannot be written"
    return None


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")  # how long an example takes says more of the machine than of the code
    config.pluginmanager.register(Grouping(), "grouping")
    if hasattr(config, "workerinput"):  # pytest-xdist started this process
        divide(os.environ["PYTEST_XDIST_WORKER"])
        config.pluginmanager.register(Worker(), "worker")
    else:  # the user did, and this one hears of everything
        config.pluginmanager.register(SkipPolicy(Path(__file__).with_name("allowed_skips.txt")), "skip-policy")
        config.pluginmanager.register(Leftovers(), "leftovers")
        config.pluginmanager.register(Controller(), "controller")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("isolation") and (reason := why_no_isolation()):
        pytest.skip(f"isolation: needs root, iproute2 and cgroups; {reason}")


@pytest.fixture(scope="session")
def store_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the object-store server of this test session."""
    from tests.support.object_store import serving

    with serving(tmp_path_factory.mktemp("store")) as address:
        yield address


@pytest.fixture
def object_store(store_address: str) -> Iterator[str]:
    """The same address; gs:// is at that server for the length of the test."""
    from tests.support.object_store import pointed_at

    with pointed_at(store_address):
        yield store_address


@pytest.fixture
def bucket(object_store: str) -> str:
    """The gs:// URI of a new, empty bucket."""
    from workloads.bucket import client

    name = f"test-{uuid4().hex[:12]}"
    client().create_bucket(name)
    return f"gs://{name}"
