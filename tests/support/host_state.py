"""What is on this host: processes, links, network namespaces, cgroups, mounts, files. Imports nothing of the project.

    python tests/support/host_state.py FOLDER... > before.json
    python tests/support/host_state.py --compare before.json FOLDER...     # prints what is new, exit code 1 if anything is

Processes count when their command line or environment speaks of a lease, Spark, Terraform, the object store or one of the
folders; everything else counts whatever its name, but for files in places that all programs share.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

MARKS = (b"BAKEOFF_LEASE=", b"BAKEOFF_NODE")  # in an environment
PROGRAMS = (b"fake-gcs-server", b"org.apache.spark", b"terraform")  # in a command line
SHARED_FOLDERS = ("/tmp", "/run/netns", "/var/run/netns", "/dev/shm", "/run/lock")
# Names in shared places that only Spark, its compression, wandb, checkov's parser and bakeoff give.
ONLY_OURS = r"^(spark-|blockmgr-|liblz4-java-|\.lark_|bakeoff-)|wandb-(media|artifacts)$"
# All that our parts are known to leave there when they are careless: some of it comes from other programs, too.
CARELESS = re.compile(
    rf"{ONLY_OURS}|bakeoff|^bo-|spark|blockmgr|lz4|zstd|snappy|netty|hsperf|terraform|plugin|^tmp\w{{8}}$|^pymp|artifacts"
)

TEST_RUN = "BAKEOFF_TEST_RUN"  # in the environment of what tests start: which run of them, and which process of it
ONCE_PER_BOOT = {"/run/netns"}  # iproute2 makes it with the first namespace of a host, whose ever that is, and keeps it


def snapshot(folders: list[str]) -> dict[str, list[str]]:
    """Everything that is there, by kind, as sorted lines."""
    return {
        "processes": sorted(processes(folders)),
        "links": sorted(os.listdir("/sys/class/net")),
        "namespaces": sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else [],
        "cgroups": sorted(path for path, _, _ in os.walk("/sys/fs/cgroup") if "bakeoff" in path),
        "mounts": sorted(
            {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()} - ONCE_PER_BOOT
        ),
        "files": sorted(files(folders)),
    }


def processes(folders: list[str]) -> list[str]:
    """Processes of ours, this one and its ancestors left out."""
    mine = ancestors()
    ours = f"{TEST_RUN}={os.environ.get(TEST_RUN, '')}".encode()
    named = tuple(folder.encode() for folder in folders)
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) in mine:
            continue
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
            environment = Path(f"/proc/{entry}/environ").read_bytes()
            started = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[19]
        except OSError:
            continue
        runs = [line for line in environment.split(bytes(1)) if line.startswith(f"{TEST_RUN}=".encode())]
        if runs and runs != [ours]:
            continue  # of a test that runs beside this one
        in_command = any(word in command for word in (*PROGRAMS, *named))
        if in_command or any(word in environment for word in (*MARKS, *named)):
            found.append(
                f"{entry} since tick {started}: {command.replace(bytes(1), b' ')[:120].decode(errors='replace')}"
            )
    return found


def ancestors() -> set[int]:
    """This process, its parent, and so on up."""
    pid, found = os.getpid(), set()
    while pid > 1:
        found.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return found


def files(folders: list[str]) -> list[str]:
    """Every path under the folders, and the top level of the places that programs share."""
    shared = {*SHARED_FOLDERS, tempfile.gettempdir()}
    found = [f"{where}/{name}" for where in shared if os.path.isdir(where) for name in os.listdir(where)]
    found = [path for path in found if CARELESS.search(os.path.basename(path))]
    for folder in folders:
        for where, names, leaves in os.walk(folder):
            found += [f"{where}/{name}" for name in names + leaves]
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--compare")
    parser.add_argument("folders", nargs="*")
    options = parser.parse_args()
    now = snapshot(options.folders)
    if options.compare is None:
        print(json.dumps(now))
        return 0
    before = json.loads(Path(options.compare).read_text())
    new = {kind: sorted(set(lines) - set(before[kind])) for kind, lines in now.items()}
    print(json.dumps({kind: lines for kind, lines in new.items() if lines}, indent=1))
    return int(any(new.values()))


if __name__ == "__main__":
    sys.exit(main())
