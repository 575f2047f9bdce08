"""Which tests run in one process, one after the other, when pytest-xdist spreads them."""

from __future__ import annotations

import pytest

HOST = "host"
FIRST = (HOST, "spark")  # the longest: the others fill the gaps


def group(item: pytest.Item) -> str:
    """That of the marker ``xdist_group``; else ``host`` for nodes, ``spark`` for the one Spark; else the file of the test."""
    if marker := item.get_closest_marker("xdist_group"):
        return str(marker.args[0])
    fixtures = getattr(item, "fixturenames", ())
    if item.get_closest_marker("isolation") or "make_cluster" in fixtures:
        return HOST
    return "spark" if "spark" in fixtures else item.nodeid.split("::")[0]


def arrange(items: list[pytest.Item]) -> None:
    """Mark each test with its group, and put the long groups first."""
    places = {name: place for place, name in enumerate(FIRST)}
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: places.get(group(item), len(places)))
