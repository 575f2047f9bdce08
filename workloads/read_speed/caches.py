"""Whether a read came from where it is said to: cold from the disk, warm from memory, a bucket's over the network.

A measurement that claims to be cold, and was served from memory, is invalid, and so is the run. Where the kernel does
not count, the claim is not made: the cache is then ``unknown``, and a note says why.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workloads.errors import InvalidRun
from workloads.read_speed.counters import network_received_bytes
from workloads.read_speed.crew import Reader
from workloads.read_speed.readers import Read
from workloads.read_speed.staging import evict

COLD_LEAST_RATIO = 0.9  # of the distinct bytes, from the disk: pages that two files share are counted once
WARM_MOST_RATIO = 0.1  # of them: a page or two may have been dropped meanwhile


def prepare_cache(cache: str, folder: Path, reader: Reader, note: Callable[[str], None]) -> str:
    """Make the page cache of a staged copy ``cold`` or ``warm``; returns what it is known to be."""
    if cache == "warm":
        for name in reader.files:
            reader.store.read(name)
        return "warm"
    gone = evict(folder, reader.files)
    if gone is None:
        note("cache: files were evicted, and whether they are gone cannot be told on this file system")
        return "unknown"
    if not gone:
        note("cache: files stayed in memory after eviction; such reads are not called cold")
        return "unknown"
    return "cold"


def checked_cache(claim: str, read: Read, disk_bytes: int | None, what: str, note: Callable[[str], None]) -> str:
    """Hold a claim against the bytes that the disk delivered; returns what may be claimed.

    Raises:
        InvalidRun: it was to be cold, and came from memory.
    """
    if claim == "unknown":
        return claim
    if disk_bytes is None:
        note("cache: this kernel does not count what the disk delivers (/proc/self/io); no read is called cold or warm")
        return "unknown"
    if claim == "cold" and disk_bytes < COLD_LEAST_RATIO * read.distinct_bytes:
        raise InvalidRun(
            f"{what} was to be read cold, but the disk delivered {disk_bytes:,} of {read.distinct_bytes:,} bytes: "
            "the rest came from memory"
        )
    if claim == "warm" and disk_bytes > WARM_MOST_RATIO * read.distinct_bytes:
        note("cache: files that had just been read were not in memory any more; such reads are not called warm")
        return "unknown"
    return claim


def check_network(read: Read, received_before: int | None, what: str) -> int | None:
    """Bytes that the network delivered since ``received_before``; None: not counted here.

    Raises:
        InvalidRun: fewer than were read from the bucket.
    """
    now = network_received_bytes()
    if received_before is None or now is None:
        return None
    delivered = now - received_before
    if delivered < read.bytes:
        raise InvalidRun(f"{what}: {read.bytes:,} bytes were read, but the network delivered only {delivered:,}")
    return delivered
