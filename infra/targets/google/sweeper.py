"""What a lease left in the project, found by label where the API has labels and by exact name where it has none.

Only what bears the label ``bakeoff-lease``, the exact name ``bakeoff-<lease>`` or ``bakeoff-<lease>-...``, or lies below
``leases/<lease>/`` in a bucket of the settings is ever found. Dataproc's own project-wide buckets never are, and nothing of
a lease of which one thing bears ``bakeoff-protected``.
"""

from __future__ import annotations

import contextlib
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from infra.base.errors import CloudError
from infra.base.processes import Marked, kill_marked
from infra.leases.lease import Lease
from infra.targets.base import Leftover, Sweeper
from infra.targets.google import removal
from infra.targets.google.inventory import Resource
from workloads.errors import WorkloadError

NAMELESS_AGE_S = 24 * 3600.0  # what has no label to tell its expiry is orphaned when it is older than any lease may be


class GoogleSweeper(Sweeper):
    """Lists what bears our marks in the project, and asks for its removal."""

    @abstractmethod
    def resources(self, lease_id: str | None, lease: Lease | None) -> list[Resource]:
        """What is in the project of one lease, or of any."""

    def find(self, lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
        return mark_expired(self.resources(lease_id, lease))

    def remove(self, item: Leftover) -> None:
        """Remove one thing; what is on its way out already is left to go."""
        with contextlib.suppress(CloudError, WorkloadError):
            if isinstance(item, Resource):
                removal.remove(item)
            elif isinstance(item, Marked):
                kill_marked(item)


def mark_expired(found: list[Resource]) -> list[Resource]:
    """Say of each whether its lease has expired: something of it is past its expiry and nothing is before it.

    Where nothing has a label, the age decides: no lease lives for longer than a day.
    """
    now = time.time()
    expired = set()
    for lease_id in {item.lease_id for item in found}:
        mine = [item for item in found if item.lease_id == lease_id]
        expiries = [item.expires_at for item in mine if item.expires_at is not None]
        ages = [now - item.created_at for item in mine if item.created_at is not None]
        if (expiries and max(expiries) < now) or (not expiries and ages and min(ages) > NAMELESS_AGE_S):
            expired.add(lease_id)
    return [replace(item, expired=item.lease_id in expired) for item in found]
