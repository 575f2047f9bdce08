"""Tear a lease down, and prove that nothing of it is left. One path for destroy, for clean, and for its dry run."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from infra import lease as leases
from infra import paths
from infra.errors import BakeoffError, LeftoverError
from infra.lease import Lease
from infra.local import leftovers
from infra.progress import Progress
from workloads.record import Teardown

GRACE_S = 10.0


def tear_down(lease: Lease, runs_dir: Path, progress: Progress) -> Teardown:
    """Destroy through Terraform's state first, then sweep what is left, then look again.

    Raises:
        LeftoverError: something survived; the message lists it.
    """
    began = time.monotonic()
    found = found_bare(lease.id, runs_dir)
    progress.stage(f"destroy {lease.scenario.name} ({lease.id})")
    lease.own("destroying")
    leftovers.stop_terraform(lease.id, GRACE_S)
    leftovers.thaw(lease.id)
    try:
        terraform = lease.terraform
        if terraform.has_state():
            terraform.unlock()
            terraform.destroy()
    except BakeoffError as error:  # a state cut short by a kill: the sweep below does not need it
        progress.note(f"Terraform could not destroy lease {lease.id} ({error}); sweeping by name instead.")
    sweep(lease.id)
    for folder in temporary_folders(lease.id, runs_dir):
        leftovers.remove_tree(folder)
    if not leftovers.find(lease.id):  # the directory goes last: it is how the rest would be found again
        leases.remove_directory(lease.directory)
    left = found_bare(lease.id, runs_dir)
    proof = Teardown(
        lease=lease.id,
        destroyed_at=datetime.now(UTC).isoformat(),
        destroy_s=round(time.monotonic() - began, 3),
        found=found,
        removed=[line for line in found if line not in left],
        left=left,
    )
    _write_proof(proof, runs_dir)
    if left:
        raise LeftoverError(f"Left of lease {lease.id} after teardown: {'; '.join(left)}. Run 'bakeoff clean --yes'.")
    return proof


def tear_down_all(runs_dir: Path, progress: Progress) -> list[Teardown]:
    """Every lease of a runs folder, also one whose lease.json cannot be read.

    Raises:
        LeftoverError: something of one of them survived; the others have been torn down all the same.
    """
    proofs, failures = [], []
    for lease in leases.all_leases(runs_dir):
        try:
            proofs.append(tear_down(lease, runs_dir, progress))
        except LeftoverError as error:
            failures.append(str(error))
    for directory in leases.headless(runs_dir):
        failures += remove_bare(directory.name, runs_dir)
    if failures:
        raise LeftoverError(" ".join(failures))
    return proofs


def found_bare(lease_id: str, runs_dir: Path) -> list[str]:
    """What is there of a lease of which only the id is known."""
    directory = paths.leases_dir(runs_dir) / lease_id
    return (
        [str(item) for item in leftovers.find(lease_id)]
        + [f"folder {path}" for path in temporary_folders(lease_id, runs_dir)]
        + ([f"folder {directory}"] if directory.exists() else [])
    )


def remove_bare(lease_id: str, runs_dir: Path) -> list[str]:
    """Remove everything that bears a lease's id, without state or notes; returns what is left."""
    leftovers.stop_terraform(lease_id, GRACE_S)
    leftovers.thaw(lease_id)
    sweep(lease_id)
    for folder in [*temporary_folders(lease_id, runs_dir), paths.leases_dir(runs_dir) / lease_id]:
        leftovers.remove_tree(folder)
    return found_bare(lease_id, runs_dir)


def sweep(lease_id: str) -> None:
    """Remove whatever bears the lease's mark, until nothing does or it does not shrink any more."""
    deadline = time.monotonic() + GRACE_S
    while (items := leftovers.find(lease_id)) and time.monotonic() < deadline:
        for item in items:
            leftovers.remove(item)


def temporary_folders(lease_id: str, runs_dir: Path) -> list[Path]:
    """Unfinished records of a lease."""
    return sorted(runs_dir.glob(f"*/.tmp-{lease_id}-*"))


def _write_proof(proof: Teardown, runs_dir: Path) -> None:
    """``teardown.json`` beside each record of the lease."""
    for path in runs_dir.glob("*/*/run.json"):
        try:
            ours = json.loads(path.read_text(encoding="utf-8")).get("lease") == proof.lease
        except (OSError, ValueError, AttributeError):
            continue
        if ours:
            (path.parent / "teardown.json").write_text(proof.model_dump_json(indent=1) + "\n", encoding="utf-8")
