"""What a Dataproc cluster did and was: job output, node metrics, set-up logs, machines."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from infra.base.errors import CloudError
from infra.catalogue import Catalogue
from infra.leases.lease import Lease
from infra.targets.base import Description, Observer
from infra.targets.dataproc import memory, monitoring
from infra.targets.dataproc.jobs import get_cluster
from infra.targets.dataproc.provisioner import cluster_name
from infra.targets.google import inventory, lives
from infra.targets.google.lease import clients_of, lease_uri, settings_of
from infra.targets.google.nodes import ISOLATION, Role, limits
from infra.targets.google.package import fetch_output
from workloads.errors import WorkloadError
from workloads.record import NodeLimits
from workloads.storage import open_store


class DataprocObserver(Observer):
    """Google samples; the points are fetched afterwards."""

    def collect(self, lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
        """Fetch the job's output, Spark's event log and the node metrics; says what is missing, and why."""
        lives.look(lease, ended_at)  # a machine preempted meanwhile is paid for until now, not to the end of the lease
        seen = lives.seen_in_attempt(lease, launched_at, ended_at)
        spot = {
            life.node: Catalogue.default().machine_type(life.machine_type).vcpus for life in seen if lives.is_spot(life)
        }
        gone = {life.node for life in seen if life.gone_by} - {life.node for life in seen if not life.gone_by}
        missing = [f"{node} was preempted or replaced: it has no samples to the end" for node in sorted(gone)]
        missing += fetch_output(lease, folder)
        vcpus = {name: Catalogue.default().machine_type(_machine_type(lease, name)).vcpus for name in lease.node_names}
        nodes, rows = vcpus | spot, []
        try:
            found = monitoring.collect(
                clients_of(lease),
                cluster_name(lease),
                nodes,
                launched_at,
                ended_at,
                gone=gone,
                wait_s=monitoring.VISIBLE_AFTER_S,
            )
            rows, missing = found.rows, [*missing, *found.missing]
        except CloudError as error:
            missing.append(f"nothing of Cloud Monitoring: {error}")
        used = memory.collect(lease_uri(lease), cluster_name(lease), set(nodes), launched_at, ended_at, gone=gone)
        lines = "".join(json.dumps(row) + "\n" for row in memory.join(rows, used, nodes))
        (folder / "nodes.jsonl").write_text(lines, encoding="utf-8")
        return [*missing, *used.missing]

    def logs(self, lease: Lease, folder: Path) -> None:
        """Output of each node's initialization action, from the staging bucket, where there is any."""
        for cluster in inventory.clusters(clients_of(lease), lease.id):
            prefix = f"gs://{settings_of(lease).staging_bucket}/google-cloud-dataproc-metainfo/{cluster.detail}"
            with contextlib.suppress(WorkloadError):
                store = open_store(prefix)
                for name in (entry.name for entry in store.list()):
                    if "dataproc-initialization-script" in name and name.endswith("_output"):
                        (folder / name).parent.mkdir(parents=True, exist_ok=True)
                        (folder / name).write_bytes(store.read(name))

    def describe(self, lease: Lease, launched_at: float) -> Description:
        """Published sizes of each node; of the spot workers, whose names are Dataproc's, those seen since then."""
        seen = lives.seen_in_attempt(lease, launched_at, time.time())
        spot = sorted({life.node for life in seen if lives.is_spot(life)})
        where = settings_of(lease)
        nodes = [_node_limits(lease, name) for name in [*lease.node_names, *spot]]
        facts = {"region": where.region, "zone": where.zone, "image_version": _image_version(lease)}
        return Description(nodes, ISOLATION, facts)


def _image_version(lease: Lease) -> str | None:
    """What Dataproc made of the image that was asked for: ``2.3-debian12`` floats. None where the cluster is gone."""
    try:
        return get_cluster(clients_of(lease), cluster_name(lease)).config.software_config.image_version or None
    except CloudError:
        return None


def _machine_type(lease: Lease, node: str) -> str:
    return lease.scenario.master_machine_type if node == "m" else lease.scenario.machine_type


def _node_limits(lease: Lease, name: str) -> NodeLimits:
    role: Role = "worker" if name != "m" else "master" if lease.scenario.workers else "single"
    machine = Catalogue.default().machine_type(_machine_type(lease, name))
    return limits(name, role, f"{cluster_name(lease)}-{name}", machine, lease.scenario)
