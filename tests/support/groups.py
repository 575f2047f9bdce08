"""Which tests run in one process, one after the other, when pytest-xdist spreads them."""

from __future__ import annotations

import json
import os
import tempfile
from functools import cached_property
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

HOST, SPARK = "host", "spark"
FIRST = (HOST, SPARK)  # the longest: the others fill the gaps
FILE = "groups.json"  # in the temporary folder of the run: the groups by test


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """One process at a time has the tests of a group. (``--dist=loadgroup`` does not group with pytest 9.2.)"""

    @cached_property
    def _groups(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(Path(tempfile.gettempdir(), FILE).read_text(encoding="utf-8"))
        return found

    def _split_scope(self, nodeid: str) -> str:
        return self._groups[nodeid]


def group(item: pytest.Item, with_spark: set[str]) -> str:
    """That of the marker ``xdist_group``; else ``host`` for nodes, ``spark`` for files that use Spark; else the file."""
    if marker := item.get_closest_marker("xdist_group"):
        return str(marker.args[0])
    if item.get_closest_marker("isolation") or "make_cluster" in fixtures(item):
        return HOST
    return SPARK if file(item) in with_spark else file(item)


def file(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))


def arrange(items: list[pytest.Item]) -> dict[str, str]:
    """Put the long groups first. Returns the group of each test by its node id."""
    with_spark = {file(item) for item in items if "spark" in fixtures(item)}
    groups = {item.nodeid: group(item, with_spark) for item in items}
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(groups[item.nodeid], len(places)))
    return groups


class Grouping:
    """For every process: those that collect say what belongs together, the one that hands out tests listens."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        groups = arrange(items)
        if hasattr(config, "workerinput"):
            folder = Path(tempfile.gettempdir())  # this process's own, in that of the run
            written = folder / FILE
            written.write_text(json.dumps(groups), encoding="utf-8")
            os.replace(written, folder.parent / FILE)  # each process writes the same

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> GroupScheduling | None:
        return GroupScheduling(config, log) if config.getoption("dist") == "loadscope" else None
