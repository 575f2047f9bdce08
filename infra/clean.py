"""Find and remove what killed clients left behind. Only ours: leases of this runs folder, or a lease named by its id."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from infra import data, teardown
from infra import lease as leases
from infra.errors import LeftoverError, UsageError
from infra.local import leftovers
from infra.locks import host_lock
from infra.progress import Progress


class CleanResult(BaseModel):
    """What ``bakeoff clean`` found and did; ``left`` is empty when nothing of it survives."""

    found: list[str]
    removed: list[str]
    left: list[str]
    foreign: list[str]  # of another checkout on this host: named, not touched


def clean(runs_dir: Path, *, yes: bool, lease_id: str | None, progress: Progress) -> CleanResult:
    """Dry run (``yes`` false) and removal share this one path; they differ in the last step only.

    Args:
        lease_id: only this lease, even if it is standing or of another checkout; None: every abandoned one here.

    Raises:
        UsageError: nothing on this host bears that id.
    """
    with host_lock("allocate", timeout_s=60):  # no lease is half made while we look
        ours = leases.all_leases(runs_dir)
        headless = leases.headless(runs_dir)
    stale = [*data.stale_parts(), *teardown.stale_records(runs_dir)] if lease_id is None else []
    known = {lease.id for lease in ours} | {path.name for path in headless}
    marked = {item.lease_id for item in leftovers.find(None)}
    if lease_id is not None and lease_id not in known | marked:
        raise UsageError(
            f"Nothing on this host bears the lease id '{lease_id}'. Found: {sorted(known | marked) or 'no lease'}."
        )
    chosen = [lease for lease in ours if (lease.abandoned if lease_id is None else lease.id == lease_id)]
    bare = {path.name for path in headless if lease_id in (None, path.name)}
    if lease_id is not None and lease_id not in known:
        bare = {lease_id}
    names = [lease.id for lease in chosen] + sorted(bare)
    result = CleanResult(
        found=[line for name in names for line in teardown.found_bare(name, runs_dir)]
        + [f"folder {path}" for path in stale if not any(lease.id in path.name for lease in chosen)],
        removed=[],
        left=[],
        foreign=sorted(
            f"lease {name}: not of {runs_dir}; 'bakeoff clean --lease {name}' removes it"
            for name in marked - known - bare
        ),
    )
    if not yes:
        return result
    try:
        teardown.tear_down_each(chosen, runs_dir, progress)
    except LeftoverError as error:  # reported as left below, with the rest
        progress.note(str(error))
    for name in sorted(bare):
        teardown.remove_bare(name, runs_dir)
    for path in stale:
        leftovers.remove_tree(path)
    left = [line for name in names for line in teardown.found_bare(name, runs_dir)]
    left += [f"folder {path}" for path in stale if path.exists()]
    return result.model_copy(update={"left": left, "removed": [line for line in result.found if line not in left]})
