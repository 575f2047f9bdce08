"""Tear a lease down, and prove that nothing of it is left. One path for destroy, for clean, and for its dry run."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.base import paths, processes
from infra.base.errors import BakeoffError, LeftoverError, UsageError
from infra.base.files import remove_tree
from infra.base.locks import host_lock
from infra.base.progress import Progress
from infra.clusters.lifecycle import terraform_of
from infra.leases import lease as leases
from infra.leases.lease import Lease
from infra.targets.base import Leftover, Target
from infra.targets.registry import target_of, target_of_directory
from infra.terraform.orphans import stop_orphans
from workloads.record import Teardown


def tear_down(lease: Lease, runs_dir: Path, progress: Progress) -> Teardown:
    """Destroy through Terraform's state first, then sweep what is left, then look again.

    Raises:
        LeftoverError: something survived; the message lists it.
        UsageError: its target is not registered.
    """
    began = time.monotonic()
    target = target_of(lease)
    items = target.sweeper.find(lease.id, lease)
    found = [str(item) for item in removable(items)] + _folders(lease.id, runs_dir)
    final, protected = target.pricing.final(lease), protections(items)
    progress.stage(f"destroy {lease.scenario.name} ({lease.id})")
    if protected:  # by Terraform's state it would go with the rest
        raise LeftoverError(
            f"Lease {lease.id} has what bears a protection and is not touched: {'; '.join(protected)}. "
            "Remove that label, then destroy again."
        )
    if lease.directory.is_dir():  # else somebody tore it down meanwhile
        _destroy(lease, target, progress)
    left = remove_bare(lease.id, runs_dir, target, lease)
    proof = Teardown(
        lease=lease.id,
        destroyed_at=datetime.now(UTC).isoformat(),
        destroy_s=round(time.monotonic() - began, 3),
        found=found,
        removed=[line for line in found if line not in left],
        left=left,
        lived_s=round((datetime.now(UTC) - datetime.fromisoformat(lease.state.created_at)).total_seconds(), 3),
        **final,
    )
    _write_proof(proof, runs_dir)
    if left:
        raise LeftoverError(f"Left of lease {lease.id} after teardown: {'; '.join(left)}. Run 'bakeoff clean --yes'.")
    return proof


def _destroy(lease: Lease, target: Target, progress: Progress) -> None:
    """The part that goes by Terraform's state; what it cannot do is left to the sweep."""
    lease.take_over("destroying")
    _stop(lease.id, target, lease)
    if target.provisioner is None:
        return
    try:
        terraform = terraform_of(lease, target.provisioner)
        if terraform.has_state():
            terraform.unlock()
            terraform.destroy()
    except BakeoffError as error:  # a state cut short by a kill
        progress.note(f"Terraform could not destroy lease {lease.id} ({error}); sweeping by name instead.")


def _stop(lease_id: str, target: Target, lease: Lease | None) -> None:
    if target.provisioner is not None:
        stop_orphans(lease_id, target.provisioner.grace_s)
    target.sweeper.stop(lease_id, lease)


def tear_down_each(chosen: list[Lease], runs_dir: Path, progress: Progress) -> list[Teardown]:
    """Tear leases down one after the other; a failure does not spare the rest.

    Raises:
        LeftoverError: something of one of them survived.
    """
    proofs, failures = [], []
    for lease in chosen:
        try:
            proofs.append(tear_down(lease, runs_dir, progress))
        except (LeftoverError, UsageError) as error:
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
    left = [
        line for directory in headless for line in remove_bare(directory.name, runs_dir, target_of_directory(directory))
    ]
    proofs = tear_down_each(leases.all_leases(runs_dir), runs_dir, progress)
    if left:
        raise LeftoverError("; ".join(left))
    return proofs


def removable(found: Sequence[Leftover]) -> list[Leftover]:
    """What may be removed: nothing of a lease of which one thing is protected."""
    kept = {item.lease_id for item in found if item.protected}
    return [item for item in found if item.lease_id not in kept]


def protections(found: Sequence[Leftover]) -> list[str]:
    """What bears a protection, one line each."""
    return [f"{item}, protected by its label" for item in found if item.protected]


def found_bare(lease_id: str, runs_dir: Path, target: Target, lease: Lease | None = None) -> list[str]:
    """What is there of a lease of which perhaps only the id is known."""
    items = removable(target.sweeper.find(lease_id, lease))
    return [str(item) for item in items] + _folders(lease_id, runs_dir)


def remove_bare(lease_id: str, runs_dir: Path, target: Target, lease: Lease | None = None) -> list[str]:
    """Remove everything that bears a lease's id, without state or notes; returns what is left."""
    _stop(lease_id, target, lease)
    left = _sweep(lease_id, target, lease)
    for folder in temporary_folders(lease_id, runs_dir):
        remove_tree(folder)
    if not left:  # the directory goes last: it is how the rest would be found again
        leases.remove_directory(paths.leases_dir(runs_dir) / lease_id)
    return [str(item) for item in left] + _folders(lease_id, runs_dir)


def _sweep(lease_id: str, target: Target, lease: Lease | None) -> list[Leftover]:
    """Remove whatever bears the lease's mark, until nothing does, or for too long; returns what still does."""
    deadline = time.monotonic() + target.traits.sweep_s
    while (items := removable(target.sweeper.find(lease_id, lease))) and time.monotonic() < deadline:
        for item in items:
            target.sweeper.remove(item)
        time.sleep(target.traits.sweep_pause_s)
    return items


def _folders(lease_id: str, runs_dir: Path) -> list[str]:
    directory = paths.leases_dir(runs_dir) / lease_id
    there = [*temporary_folders(lease_id, runs_dir), *([directory] if directory.exists() else [])]
    return [f"folder {path}" for path in there]


def temporary_folders(lease_id: str, runs_dir: Path) -> list[Path]:
    """Unfinished records of a lease."""
    return sorted(runs_dir.glob(f"*/.tmp-{lease_id}-*"))


def stale_records(runs_dir: Path) -> list[Path]:
    """Unfinished records whose client is gone, on whichever lease: their names hold its process id."""
    return [p for p in sorted(runs_dir.glob("*/.tmp-*")) if processes.start_ticks(int(p.name.split("-")[2])) is None]


def _write_proof(proof: Teardown, runs_dir: Path) -> None:
    """``teardown.json`` beside each record of the lease."""
    for path in runs_dir.glob("*/*/run.json"):
        try:
            ours = json.loads(path.read_text(encoding="utf-8")).get("lease") == proof.lease
        except (OSError, ValueError, AttributeError):
            continue
        if ours:
            (path.parent / "teardown.json").write_text(proof.model_dump_json(indent=1) + "\n", encoding="utf-8")
