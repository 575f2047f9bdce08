"""What must hold of everything that is planned, said plainly: each rule gives a sentence for what breaks it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.review.google_provider.check import Resource

Values = dict[str, Any]
EVERYONE = {"allUsers", "allAuthenticatedUsers"}
BASIC_ROLES = {"roles/owner", "roles/editor", "roles/viewer"}
SCOPES = {"cloud-platform", "useraccounts-ro", "storage-rw", "logging-write"}  # as the API returns them
LEASE_LABELS = {"bakeoff-lease", "bakeoff-scenario", "bakeoff-expires"}


def problems(resources: Iterable[Resource]) -> list[str]:
    """Every rule that a planned resource breaks."""
    rules = {
        "google_dataproc_cluster": _cluster,
        "google_compute_firewall": _firewall,
        "google_compute_network": _network,
        "google_compute_subnetwork": _subnetwork,
        "google_storage_bucket": _bucket,
        "google_iam_workload_identity_pool_provider": _identity_provider,
        "google_project_service": _service,
    }
    found = []
    for address, kind, values in resources:
        rule = _grant if kind.endswith("_iam_member") else rules.get(kind)
        found += [f"{address}: {said}" for said in (rule(values) if rule else [])]
        if kind.endswith(("_iam_binding", "_iam_policy", "_service_account_key")):
            found.append(f"{address}: {kind} takes rights from others or makes a key")
    return found


def grants(resources: Iterable[Resource]) -> set[tuple[str, str]]:
    """Who is granted each role: the module instance, or the resource of the root itself."""
    return {
        (_who(resource.address), resource.values["role"])
        for resource in resources
        if resource.type.endswith("_iam_member") and resource.values.get("role")
    }


def _who(address: str) -> str:
    if address.startswith("module."):
        return address.split(".google_", maxsplit=1)[0].removeprefix("module.")
    return address.split("[", maxsplit=1)[0]


def shape(resources: Iterable[Resource]) -> dict[str, object]:
    """The scenario that the planned cluster is of; of a disk type or size that differs between nodes, all values."""
    cluster = next(resource.values for resource in resources if resource.type == "google_dataproc_cluster")
    config = cluster["cluster_config"][0]
    master, workers, spot = (
        (config[f"{kind}_config"] or [{}])[0] for kind in ("master", "worker", "preemptible_worker")
    )
    disks = [node["disk_config"][0] for node in (master, workers, spot) if node]
    accelerators = (workers or master)["accelerators"] or [{}]
    return {
        "name": cluster["labels"]["bakeoff-scenario"],
        "workers": workers.get("num_instances", 0),
        "machine_type": (workers or master)["machine_type"],
        "master_machine_type": master["machine_type"],
        "disk_type": "/".join({disk["boot_disk_type"] for disk in disks}),
        "disk_gb": max({disk["boot_disk_size_gb"] for disk in disks}),
        "spot_workers": spot.get("num_instances", 0),
        "accelerator_type": accelerators[0].get("accelerator_type"),
        "accelerator_count": accelerators[0].get("accelerator_count", 0),
    }


def _cluster(values: Values) -> list[str]:
    config = values["cluster_config"][0]
    nodes = config["gce_cluster_config"][0]
    shielded = (nodes.get("shielded_instance_config") or [{}])[0]
    expiry = (config.get("lifecycle_config") or [{}])[0]
    rules = {
        "its nodes have external addresses": nodes["internal_ip_only"] is True,
        "its nodes are not shielded": all(
            shielded.get(f"enable_{part}") is True for part in ("secure_boot", "vtpm", "integrity_monitoring")
        ),
        "its nodes are Compute Engine's default account": bool(nodes["service_account"]),
        "it is not in the private subnet": bool(nodes["subnetwork"]),
        "SSH keys of the project open its nodes": (nodes["metadata"] or {}).get("block-project-ssh-keys") == "true",
        "keys in metadata say who may log in": (nodes["metadata"] or {}).get("enable-oslogin") == "TRUE",
        "the firewall does not know its nodes": nodes["tags"] == ["bakeoff"],
        "it does not expire": bool(expiry.get("auto_delete_time")),
        "it may idle for ever": bool(expiry.get("idle_delete_ttl")),
        "its labels do not say whose it is": set(values["labels"] or {}) >= LEASE_LABELS,
        "its name does not say whose it is": str(values["name"]).startswith("bakeoff-"),
        "its buckets are Dataproc's own": bool(config["staging_bucket"] and config["temp_bucket"]),
        "it is billed for metrics that nobody reads": not config["dataproc_metric_config"],
        "the next apply replaces it": set(nodes["service_account_scopes"]) == SCOPES,
        "secondary workers are not on Spot VMs": all(
            block["preemptibility"] == "SPOT" for block in config["preemptible_worker_config"]
        ),
    }
    return [said for said, holds in rules.items() if not holds]


def _firewall(values: Values) -> list[str]:
    if values["direction"] not in (None, "INGRESS"):
        return []
    tags, ranges = values.get("source_tags"), values.get("source_ranges")  # what comes from either is let in
    found = [f"ingress from {source}" for source in ranges or ([] if tags else ["anywhere"])]
    found += [f"ingress from machines tagged {tags}"] if tags and tags != ["bakeoff"] else []
    return found + ([] if values["target_tags"] == ["bakeoff"] else ["it opens more machines than ours"])


def _network(values: Values) -> list[str]:
    return [] if values["auto_create_subnetworks"] is False else ["it has a subnet in every region"]


def _subnetwork(values: Values) -> list[str]:
    return [] if values["private_ip_google_access"] is True else ["nodes cannot reach Google's services"]


def _bucket(values: Values) -> list[str]:
    versions = values["versioning"][0]["enabled"]
    deletes = [rule for rule in values["lifecycle_rule"] if rule["action"][0]["type"] == "Delete"]
    rules = {
        "it can be made public": values["public_access_prevention"] == "enforced",
        "objects have access lists of their own": values["uniform_bucket_level_access"] is True,
        "destroy deletes what is in it": not values["force_destroy"],
        "it has no labels": bool(values["labels"]),
        "scratch has versions, or a state has none": versions is ("-state" in values["name"]),
        "it keeps everything for ever": bool(deletes),
    }
    return [said for said, holds in rules.items() if not holds]


def _identity_provider(values: Values) -> list[str]:
    condition = values["attribute_condition"] or ""
    found = [] if "assertion.repository_id == '12345'" in condition else ["every repository of GitHub gets in"]
    return found + ([] if "repository_owner_id == '678'" in condition else ["whoever it is given to gets in"])


def _service(values: Values) -> list[str]:
    return ["destroy switches the API off for others"] if values["disable_on_destroy"] is not False else []


def _grant(values: Values) -> list[str]:
    role = values.get("role")  # not known before an apply where it is one of ours
    found = [f"{role} is a basic role"] if role in BASIC_ROLES else []
    if role is None and "startsWith('bakeoff-')" not in str((values.get("condition") or [{}])[0].get("expression")):
        found.append("a role of ours reaches what is not ours")
    return found + (["everyone has it"] if values.get("member") in EVERYONE else [])
