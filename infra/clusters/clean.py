"""Find and remove what killed clients left behind. Only ours: leases of this runs folder, or a lease named by its id."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from infra.base.errors import LeftoverError, UsageError
from infra.base.files import remove_tree
from infra.base.locks import host_lock
from infra.base.options import DEFAULT_TARGET, target_option
from infra.base.progress import Progress
from infra.clusters import teardown
from infra.inputs import dataset as data
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.base import Target
from infra.targets.registry import open_target, target_of_directory


class CleanResult(BaseModel):
    """What ``bakeoff clean`` found and did; ``left`` is empty when nothing of it survives."""

    found: list[str]
    removed: list[str]
    left: list[str]
    foreign: list[str]  # of another checkout on this host: named, not touched


def clean(
    runs_dir: Path, *, yes: bool, lease_id: str | None, progress: Progress, name: str = DEFAULT_TARGET
) -> CleanResult:
    """Dry run (``yes`` false) and removal share this one path; they differ in the last step only.

    Args:
        lease_id: only this lease, even if it is standing or of another checkout; None: every abandoned one here, and what
            the target itself says is past its expiry.

    Raises:
        UsageError: nothing there bears that id.
    """
    target = open_target(name)
    with host_lock("allocate", timeout_s=60):  # no lease is half made while we look
        known = set(leases.known(runs_dir))
        ours = leases.all_leases(runs_dir, name)
        headless = [path for path in leases.headless(runs_dir) if target_of_directory(path) is target]
    stale = [*data.stale_parts(), *teardown.stale_records(runs_dir)] if lease_id is None else []
    found = target.sweeper.find(None)
    everything = teardown.removable(found)
    marked = {item.lease_id for item in everything}
    if lease_id is not None and lease_id not in known | marked:
        raise UsageError(
            f"Nothing on the target {name} bears the lease id '{lease_id}'. Found: {sorted(known | marked) or 'no lease'}."
        )
    chosen = [lease for lease in ours if (lease.abandoned if lease_id is None else lease.id == lease_id)]
    chosen = [lease for lease in chosen if not teardown.protections(target.sweeper.find(lease.id, lease))]
    bare = {path.name for path in headless if lease_id in (None, path.name)}
    if lease_id is None:
        bare |= {item.lease_id for item in everything if item.expired} - known
    elif lease_id not in known:
        bare = {lease_id}
    names = [lease.id for lease in chosen] + sorted(bare)
    result = CleanResult(
        found=_found(names, runs_dir, target, chosen)
        + [f"folder {path}" for path in stale if not any(lease.id in path.name for lease in chosen)],
        removed=[],
        left=[],
        foreign=sorted(
            f"lease {other}: not of {runs_dir}; 'bakeoff clean{target_option(name)} --lease {other}' removes it"
            for other in marked - known - bare
        )
        + teardown.protections([item for item in found if lease_id in (None, item.lease_id)]),
    )
    if not yes:
        return result
    try:
        teardown.tear_down_each(chosen, runs_dir, progress)
    except LeftoverError as error:  # reported as left below, with the rest
        progress.note(str(error))
    for name_of_lease in sorted(bare):
        teardown.remove_bare(name_of_lease, runs_dir, target)
    for path in stale:
        remove_tree(path)
    left = _found(names, runs_dir, target, chosen)
    left += [f"folder {path}" for path in stale if path.exists()]
    return result.model_copy(update={"left": left, "removed": [line for line in result.found if line not in left]})


def _found(names: list[str], runs_dir: Path, target: Target, chosen: list[Lease]) -> list[str]:
    of_lease = {lease.id: lease for lease in chosen}
    return [line for name in names for line in teardown.found_bare(name, runs_dir, target, of_lease.get(name))]
