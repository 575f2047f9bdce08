"""Jobs on a local cluster: one at a time on a host, while other clusters are frozen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.base import paths, processes
from infra.base.locks import host_lock
from infra.base.options import Grant
from infra.base.progress import Progress
from infra.inputs.cells import Cell
from infra.inputs.dataset import Dataset
from infra.leases.lease import Lease
from infra.targets.base import Driver, Jobs
from infra.targets.local import class_archive, freezer, load
from infra.targets.local.spec import node_specs
from infra.targets.local.state import NodeState
from infra.targets.local.submit import submit


class LocalJobs(Jobs):
    """The driver is a process on the master node."""

    def prepare(self, grant: Grant, progress: Progress) -> None:
        """Make the archive of classes that speeds up every start of Spark."""
        if not class_archive.archive_path(paths.CACHE_DIR).exists():
            progress.stage("preparing Spark's classes (once per checkout, about half a minute)")
            class_archive.ensure_class_archive(paths.CACHE_DIR)

    def load(self, dataset: Dataset, lease: Lease, progress: Progress) -> None:
        load.load(dataset, lease, progress)

    @contextlib.contextmanager
    def exclusive(self, lease: Lease, others: Sequence[Lease], progress: Progress) -> Iterator[None]:
        """One cell measures at a time on a host. Within, the lease is awake and the others are frozen: idle daemons would
        share the host's cores with the measured ones."""
        with host_lock("measure", progress=progress):
            freezer.thaw(lease.id)
            frozen = [other for other in others if other.id != lease.id and other.state.stage == "up"]
            try:
                for other in frozen:
                    with contextlib.suppress(OSError):  # torn down just now
                        freezer.freeze(other.id)
                yield
            finally:
                for other in frozen:
                    with contextlib.suppress(OSError):
                        freezer.thaw(other.id)

    def submit(self, lease: Lease, cell: Cell, folder: Path) -> contextlib.AbstractContextManager[Driver]:
        return submit(lease, cell, folder)

    def reset(self, lease: Lease) -> None:
        """End drivers and what they started, and forget their event logs.

        Whatever bears a node's mark and is not a daemon of the node, or its sampler, came from an attempt.
        """
        states = [state for spec in node_specs(lease.directory) if (state := NodeState.read(spec.state_path))]
        daemons = {daemon.pid for state in states for daemon in state.daemons}
        processes.kill_until_none(lambda: {m.pid for m in processes.find_marked(lease.id) if m.node} - daemons)
        for path in lease.eventlog_dir.glob("*"):
            path.unlink(missing_ok=True)
