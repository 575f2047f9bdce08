"""Memory of the nodes, from the samples that ``infra/targets/google/node/sampler.py`` on each of them puts into the bucket.

They join the minutes of :mod:`infra.targets.dataproc.monitoring`: the largest sample of a minute is its ``mem_bytes``, since
what is asked of memory is its peak. A minute without a sample has none. Decision: ``2026-12-01-memory-samples.md``.
"""

from __future__ import annotations

import json
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from infra.targets.dataproc.monitoring import PERIOD_S, Value, role
from infra.targets.google.lives import node_name
from infra.targets.google.node.sampler import FLUSH_S, SAMPLE_S
from workloads.errors import NotFound, WorkloadError
from workloads.storage import map_bounded, open_store

READ_THREADS = 8
ASK_AGAIN_S = 10.0
VISIBLE_AFTER_S = 2 * FLUSH_S  # the last samples of an attempt are in the bucket by then


@dataclass(frozen=True)
class MemorySamples:
    """Samples of an attempt by node, ``(unix s, bytes)`` in the order of time, and one sentence for each gap."""

    by_node: dict[str, list[tuple[float, float]]]
    missing: list[str]


def collect(
    lease_uri: str,
    cluster: str,
    nodes: Collection[str],
    begin_s: float,
    end_s: float,
    *,
    gone: Collection[str] = (),
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> MemorySamples:
    """Samples of every node between two Unix times.

    Waits for the last samples of nodes that write any and are not ``gone``, until :data:`VISIBLE_AFTER_S` after the end.

    Args:
        lease_uri: ``gs://bucket/leases/<lease>``.
        cluster: name of the cluster, the prefix of its instances' names.
        nodes: our names of the nodes that are expected (``m``, ``w-0``).
    """
    try:
        while True:
            found = _read(f"{lease_uri}/samples", cluster, begin_s, end_s)
            behind = [node for node in set(found) - set(gone) if found[node][-1][0] < end_s - SAMPLE_S]
            if not behind or now() >= end_s + VISIBLE_AFTER_S:
                break
            sleep(ASK_AGAIN_S)
    except WorkloadError as error:
        return MemorySamples({}, [f"no mem_bytes: the nodes' samples could not be read: {error}"])
    inside = {node: [s for s in samples if begin_s < s[0] <= end_s] for node, samples in found.items()}
    sentences = [why for node in sorted(nodes) if (why := _gap(node, found, inside.get(node, []), begin_s, end_s))]
    without = [why for why in sentences if why.startswith("no mem_bytes")]
    if len(without) == len(nodes) and not found:
        sentences = ["no mem_bytes: no node has written a sample into the bucket (see the output of its set-up)"]
    return MemorySamples({node: samples for node, samples in inside.items() if samples}, sentences)


def join(
    rows: Iterable[Mapping[str, Value]], memory: MemorySamples, nodes: Mapping[str, int]
) -> list[dict[str, Value]]:
    """The rows of Cloud Monitoring with ``mem_bytes``; a minute that only has samples of memory gets a row of its own."""
    joined = {(math.floor(float(row["ts"] or 0) / PERIOD_S + 0.5), str(row["node"])): dict(row) for row in rows}
    for node, samples in memory.by_node.items():
        for ts, used in samples:
            fresh: dict[str, Value] = {"ts": ts, "node": node, "role": role(node, nodes)}
            row = joined.setdefault((math.ceil(ts / PERIOD_S), node), fresh)
            row["mem_bytes"] = max(used, float(row.get("mem_bytes") or 0))
    return [joined[key] for key in sorted(joined)]


def _read(uri: str, cluster: str, begin_s: float, end_s: float) -> dict[str, list[tuple[float, float]]]:
    """Samples of the objects that may hold some of that time, by node; of each node one object in any case.

    An object is called after its first sample, and ends before the next one begins.
    """
    store = open_store(uri)
    names: dict[str, list[tuple[int, str]]] = {}
    try:
        for entry in store.list():
            instance, _, stem = entry.name.removesuffix(".jsonl").partition("/")
            node = node_name(instance, cluster)
            if node is not None and stem.isdigit():
                names.setdefault(node, []).append((int(stem), entry.name))
    except NotFound:
        return {}
    wanted = []
    for node, objects in names.items():
        objects.sort()
        first = max(0, bisect_right(objects, (int(begin_s * 1000), "")) - 1)
        last = bisect_right(objects, (math.ceil(end_s * 1000), "~"))
        wanted += [(node, name) for _, name in objects[min(first, len(objects) - 1) : max(last, first + 1)]]
    contents = map_bounded(store.read, [name for _, name in wanted], threads=READ_THREADS)
    found: dict[str, list[tuple[float, float]]] = {}
    for (node, _), data in zip(wanted, contents, strict=True):
        found.setdefault(node, []).extend(
            (float(line["ts"]), float(line["mem_bytes"])) for line in map(json.loads, data.splitlines())
        )
    return {node: sorted(samples) for node, samples in found.items()}


def _gap(
    node: str,
    found: Mapping[str, list[tuple[float, float]]],
    inside: list[tuple[float, float]],
    begin_s: float,
    end_s: float,
) -> str | None:
    if node not in found:
        return f"no mem_bytes on {node}: it has written no sample into the bucket"
    if not inside:
        nearest = min((ts for ts, _ in found[node]), key=lambda ts: max(begin_s - ts, ts - end_s))
        apart_s = max(begin_s - nearest, nearest - end_s)
        return (
            f"no mem_bytes on {node}: its nearest sample lies {apart_s:.0f} s outside of the attempt; "
            "did it stop, or do the clocks of this machine and of the node differ?"
        )
    times = [begin_s, *(ts for ts, _ in inside), end_s]
    gaps = [after - before for before, after in pairwise(times) if after - before > 3 * SAMPLE_S]
    return f"mem_bytes has gaps on {node}, {sum(gaps):.0f} s without a sample" if gaps else None
