"""Tear a lease down, and prove that nothing of it is left. One path for destroy, for clean, and for its dry run."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from infra.base import marks, paths
from infra.base.errors import BakeoffError, LeftoverError
from infra.base.locks import host_lock
from infra.base.options import TargetName
from infra.base.progress import Progress
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.base import FOLDERS, Target, open_target
from infra.targets.local.leftovers import remove_tree
from workloads.record import Teardown


def tear_down(lease: Lease, runs_dir: Path, progress: Progress) -> Teardown:
    """Destroy through Terraform's state first, then sweep what is left, then look again.

    Raises:
        LeftoverError: something survived; the message lists it.
    """
    began = time.monotonic()
    target = lease.target
    found = found_bare(lease.id, runs_dir, target, lease)
    said, protected = target.said_at_end(lease), target.protected(lease.id, lease)
    progress.stage(f"destroy {lease.scenario.name} ({lease.id})")
    if protected:  # by Terraform's state it would go with the rest
        raise LeftoverError(
            f"Lease {lease.id} has what bears a protection and is not touched: {'; '.join(protected)}. "
            "Remove that label, then destroy again."
        )
    if lease.directory.is_dir():  # else somebody tore it down meanwhile
        _destroy(lease, progress)
    left = remove_bare(lease.id, runs_dir, target, lease)
    proof = Teardown(
        lease=lease.id,
        destroyed_at=datetime.now(UTC).isoformat(),
        destroy_s=round(time.monotonic() - began, 3),
        found=found,
        removed=[line for line in found if line not in left],
        left=left,
        lived_s=round((datetime.now(UTC) - datetime.fromisoformat(lease.state.created_at)).total_seconds(), 3),
        **said,
    )
    _write_proof(proof, runs_dir)
    if left:
        raise LeftoverError(f"Left of lease {lease.id} after teardown: {'; '.join(left)}. Run 'bakeoff clean --yes'.")
    return proof


def _destroy(lease: Lease, progress: Progress) -> None:
    """The part that goes by Terraform's state; what it cannot do is left to the sweep."""
    lease.own("destroying")
    lease.target.before_destroy(lease.id, lease)
    if lease.target.ROOT is None:
        return
    try:
        terraform = lease.terraform
        if terraform.has_state():
            terraform.unlock()
            terraform.destroy()
    except BakeoffError as error:  # a state cut short by a kill
        progress.note(f"Terraform could not destroy lease {lease.id} ({error}); sweeping by name instead.")


def tear_down_each(chosen: list[Lease], runs_dir: Path, progress: Progress) -> list[Teardown]:
    """Tear leases down one after the other; a failure does not spare the rest.

    Raises:
        LeftoverError: something of one of them survived.
    """
    proofs, failures = [], []
    for lease in chosen:
        try:
            proofs.append(tear_down(lease, runs_dir, progress))
        except LeftoverError as error:
            failures.append(str(error))
    if failures:
        raise LeftoverError(" ".join(failures))
    return proofs


def tear_down_all(runs_dir: Path, progress: Progress) -> list[Teardown]:
    """Every lease of a runs folder, also one whose lease.json cannot be read.

    Raises:
        LeftoverError: something of one of them survived; the others have been torn down all the same.
    """
    with host_lock("allocate", timeout_s=60):  # no lease is half made while we look
        headless = leases.headless(runs_dir)
    left = [line for directory in headless for line in remove_bare(directory.name, runs_dir, target_of(directory))]
    proofs = tear_down_each(leases.all_leases(runs_dir), runs_dir, progress)
    if left:
        raise LeftoverError("; ".join(left))
    return proofs


def target_of(directory: Path) -> Target:
    """The target of a lease whose lease.json cannot be read: told by the Terraform root that lies in its directory."""
    name: TargetName = next(
        (name for name, folder in FOLDERS if (directory / "terraform" / "targets" / folder).exists()), "local"
    )
    return open_target(name)


def found_bare(lease_id: str, runs_dir: Path, target: Target, lease: Lease | None = None) -> list[str]:
    """What is there of a lease of which perhaps only the id is known."""
    directory = paths.leases_dir(runs_dir) / lease_id
    return (
        [str(item) for item in target.find(lease_id, lease)]
        + [f"folder {path}" for path in temporary_folders(lease_id, runs_dir)]
        + ([f"folder {directory}"] if directory.exists() else [])
    )


def remove_bare(lease_id: str, runs_dir: Path, target: Target, lease: Lease | None = None) -> list[str]:
    """Remove everything that bears a lease's id, without state or notes; returns what is left."""
    target.before_destroy(lease_id, lease)
    sweep(lease_id, target, lease)
    for folder in temporary_folders(lease_id, runs_dir):
        remove_tree(folder)
    if not target.find(lease_id, lease):  # the directory goes last: it is how the rest would be found again
        leases.remove_directory(paths.leases_dir(runs_dir) / lease_id)
    return found_bare(lease_id, runs_dir, target, lease)


def sweep(lease_id: str, target: Target, lease: Lease | None = None) -> None:
    """Remove whatever bears the lease's mark, until nothing does, for ``SWEEP_S`` at most."""
    deadline = time.monotonic() + target.SWEEP_S
    while (items := target.find(lease_id, lease)) and time.monotonic() < deadline:
        for item in items:
            target.remove(item)
        time.sleep(target.SWEEP_PAUSE_S)


def temporary_folders(lease_id: str, runs_dir: Path) -> list[Path]:
    """Unfinished records of a lease."""
    return sorted(runs_dir.glob(f"*/.tmp-{lease_id}-*"))


def stale_records(runs_dir: Path) -> list[Path]:
    """Unfinished records whose client is gone, on whichever lease: their names hold its process id."""
    return [p for p in sorted(runs_dir.glob("*/.tmp-*")) if marks.start_ticks(int(p.name.split("-")[2])) is None]


def _write_proof(proof: Teardown, runs_dir: Path) -> None:
    """``teardown.json`` beside each record of the lease."""
    for path in runs_dir.glob("*/*/run.json"):
        try:
            ours = json.loads(path.read_text(encoding="utf-8")).get("lease") == proof.lease
        except (OSError, ValueError, AttributeError):
            continue
        if ours:
            (path.parent / "teardown.json").write_text(proof.model_dump_json(indent=1) + "\n", encoding="utf-8")
