"""Which tests run in one process, one after the other, when pytest-xdist spreads them."""

from __future__ import annotations

import pytest

HOST, SPARK = "host", "spark"
FIRST = (HOST, SPARK)  # the longest: the others fill the gaps


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


def arrange(items: list[pytest.Item]) -> None:
    """Mark each test with its group, and put the long groups first."""
    places = {name: place for place, name in enumerate(FIRST)}
    with_spark = {file(item) for item in items if "spark" in fixtures(item)}
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group(item, with_spark)))
    items.sort(key=lambda item: places.get(group(item, with_spark), len(places)))
