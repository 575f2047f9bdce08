"""How long each machine of a cluster really stood: Compute Engine knows when it was created, and a file when it was last seen.

A machine that is gone can no longer be asked, so a cluster is observed while it stands, at least before it is destroyed.
API: cloud.google.com/compute/docs/reference/rest/v1/instances/list.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from infra.base.errors import CloudError
from infra.catalogue.pricing import Machine
from infra.leases.lease import Lease
from infra.targets.google.calls import pages
from infra.targets.google.clients import Clients
from infra.targets.google.lease import clients_of, settings_of
from workloads.record import MachineLife, Scenario

CLUSTER_LABEL = "goog-dataproc-cluster-name"  # put on every instance by Dataproc
WHOLE_LIFE = "every machine for the whole life of the lease"  # where none was observed
PAGE = 500  # the API's maximum
FILE = "machines.json"  # beside the lease


_LIVES = TypeAdapter(list[MachineLife])


def node_name(instance: str, cluster: str) -> str | None:
    """Our name of an instance: ``m``, ``w-0``, ``sw-ab12`` (spot); None for one of another cluster."""
    match = re.fullmatch(re.escape(cluster) + r"-(m|m-\d+|w-\d+|sw-[a-z0-9]+)", instance)
    return match[1] if match else None


def observe(clients: Clients, cluster: str, zone: str) -> list[MachineLife]:
    """The machines of a cluster that there are now, by name. Raises as :func:`infra.targets.google.calls.pages`."""
    request = {
        "project": clients.project_id,
        "zone": zone,
        "filter": f'labels.{CLUSTER_LABEL} = "{cluster}"',
        "max_results": PAGE,
    }
    found = []
    for instance in pages(clients.compute("Instances").list, request, clients.backoff):
        node = node_name(instance.name, cluster)
        if node is not None:
            created = datetime.fromisoformat(instance.creation_timestamp).timestamp()
            machine_type = instance.machine_type.rpartition("/")[2]
            found.append(MachineLife(node=node, machine_type=machine_type, created_at=created))
    return sorted(found, key=lambda life: (life.node, life.created_at))


def keep(path: Path, seen: list[MachineLife], now: float) -> list[MachineLife]:
    """Add an observation to those kept in a file, and return them all.

    A machine that was there before and is not now, such as a preempted one, ended between: the later time counts.
    """
    known = {(life.node, life.created_at): life for life in load(path)}
    present = {(life.node, life.created_at): life for life in seen}
    for key, life in known.items():
        if key not in present and life.gone_by is None:
            known[key] = life.model_copy(update={"gone_by": now})
    every = sorted({**present, **known}.values(), key=lambda life: (life.created_at, life.node))
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(_LIVES.dump_json(every, indent=1) + b"\n")
    part.replace(path)
    return every


def load(path: Path) -> list[MachineLife]:
    """What is kept in a file; nothing, if there is none."""
    return _LIVES.validate_json(path.read_bytes()) if path.is_file() else []


def seen_in_attempt(lease: Lease, began_at: float, ended_at: float) -> list[MachineLife]:
    """Those machines of a lease that were seen, and stood at some time between two Unix times."""
    return [
        life
        for life in load(lease.directory / FILE)
        if life.created_at < ended_at and (life.gone_by is None or life.gone_by > began_at)
    ]


def look(lease: Lease, now: float) -> tuple[list[MachineLife], str | None]:
    """Observe a lease's machines and keep it beside the lease; all that were ever seen, and why none could be now."""
    path = lease.directory / FILE
    try:
        seen = observe(clients_of(lease), f"bakeoff-{lease.id}", settings_of(lease).zone)
        return keep(path, seen, now), None if seen else "Compute Engine names none"
    except (CloudError, OSError) as error:
        return load(path), str(error)


def machines(
    lives: list[MachineLife], scenario: Scenario, ended_at: float, began_at: float | None = None
) -> list[Machine]:
    """What is to be paid for, if the machines that are not known to have ended did so at ``ended_at``.

    Args:
        began_at: count from then on; None: from each machine's creation.
    """
    master_works = scenario.workers == 0
    return [
        Machine(
            node=life.node,
            machine_type=life.machine_type,
            disk_type=scenario.disk_type,
            disk_gb=scenario.disk_gb,
            seconds=max(0.0, min(life.gone_by or ended_at, ended_at) - max(life.created_at, began_at or 0.0)),
            spot=is_spot(life),
            accelerator_type=scenario.accelerator_type if _works(life, master_works=master_works) else None,
            accelerator_count=scenario.accelerator_count if _works(life, master_works=master_works) else 0,
        )
        for life in lives
    ]


def is_spot(life: MachineLife) -> bool:
    """A secondary worker, by Dataproc's name of it."""
    return life.node.startswith("sw-")


def _works(life: MachineLife, *, master_works: bool) -> bool:
    return master_works or life.node != "m"
