"""What disk and network delivered, as the kernel counts it: the check on what a measurement says it read."""

from __future__ import annotations

from pathlib import Path


def disk_read_bytes() -> int | None:
    """Bytes that this process made the kernel fetch from storage, page cache left out; None: not counted here.

    ``read_bytes`` of https://www.kernel.org/doc/html/latest/filesystems/proc.html (3.3, /proc/<pid>/io).
    """
    try:
        for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "read_bytes":
                return int(value)
    except (OSError, ValueError):
        pass
    return None


def network_received_bytes() -> int | None:
    """Bytes that all interfaces of this node received, loopback included; None: not counted here."""
    try:
        lines = Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()[2:]
        return sum(int(line.partition(":")[2].split()[0]) for line in lines)
    except (OSError, ValueError, IndexError):
        return None
