"""Preflight on a fake project: everything in the way in one list, each with its cure."""

from __future__ import annotations

from typing import Any

import pytest

from infra.base.errors import UsageError
from infra.inputs.scenario import load_scenario
from infra.inputs.space import load_space
from infra.targets.google import preflight, quotas
from infra.targets.google.clients import Clients
from infra.targets.google.quotas import Quota
from tests.support.google.cloud import QUICK, Cloud
from tests.support.google.preflight import FOUR, checked
from tests.support.google.server import Refusal


def test_nothing_in_the_way(cloud: Cloud) -> None:
    assert checked(cloud, service="dataproc") == []
    assert checked(cloud, service="vertex") == []
    assert cloud.failures.calls["ListServices"] == 2 * 3  # six APIs, two a page


def test_all_problems_in_one_list(cloud: Cloud) -> None:
    cloud.project.apis.discard("dataproc.googleapis.com")
    cloud.project.permissions -= {"dataproc.clusters.create", "monitoring.timeSeries.list"}
    cloud.compute.offered.discard("n1-highmem-2")
    cloud.compute.quotas["CPUS"] = (24, 16)
    found = checked(cloud)
    assert [p.what for p in found] == [
        "The API dataproc.googleapis.com is not enabled.",
        "You lack 2 permissions in a-project: dataproc.clusters.create, monitoring.timeSeries.list.",
        "The machine type n1-highmem-2 is not offered in europe-west2-b.",
        "The quota CPUS does not suffice: 10 needed, 8 left of 24 in europe-west2.",
    ]
    assert found[0].cure == "gcloud services enable dataproc.googleapis.com --project a-project"
    assert "roles/dataproc.editor and roles/monitoring.viewer" in found[1].cure
    assert "gcloud compute machine-types list --filter 'name=n1-highmem-2'" in found[2].cure
    assert all(p.cure for p in found)


def test_a_machine_that_dataproc_does_not_run_on_is_refused_with_its_substitute(cloud: Cloud) -> None:
    tiny = load_scenario("eight-tiny-standard")
    (found,) = (p for p in checked(cloud, tiny) if "images" in p.what)
    assert found.what == "Dataproc's images do not run on n1-standard-1, which eight-tiny-standard has."
    assert found.cure == "Take n1-standard-2 or larger; in place of eight-tiny-standard, four-small-standard."
    assert load_scenario("four-small-standard").disk_type == tiny.disk_type
    shapes = load_space("seed").shapes()
    assert len(shapes) == 22
    assert all(map(preflight.runs_on_dataproc, shapes))


def test_a_machine_that_spark_does_not_fit_on_is_refused_with_the_next_larger(cloud: Cloud) -> None:
    small = FOUR.model_copy(update={"machine_type": "n1-highcpu-2"})
    (found,) = (p for p in checked(cloud, small) if "memory" in p.what)
    assert found.what == "n1-highcpu-2, which four has, has too little memory for an executor of Spark on Dataproc."
    assert found.cure == "Take n1-highcpu-4 or larger."
    assert not any("memory" in p.what for p in checked(cloud, small, service="vertex"))


def test_the_right_to_use_the_projects_quota(cloud: Cloud) -> None:
    cloud.project.permissions.discard("serviceusage.services.use")
    (found,) = checked(cloud)
    assert "serviceusage.services.use" in found.what and "roles/serviceusage.serviceUsageConsumer" in found.cure


def test_clusters_side_by_side_add_up(cloud: Cloud) -> None:
    cloud.compute.quotas["SSD_TOTAL_GB"] = (1500, 0)
    assert checked(cloud, FOUR) == []
    (found,) = checked(cloud, FOUR, FOUR)
    assert found.what == "The quota SSD_TOTAL_GB does not suffice: 2000 needed, 1500 left of 1500 in europe-west2."


def test_clusters_one_after_another_do_not(cloud: Cloud) -> None:
    cloud.compute.quotas["SSD_TOTAL_GB"] = (1500, 0)
    larger = FOUR.model_copy(update={"disk_gb": 400})
    assert checked(cloud, FOUR, FOUR, together=False) == []
    (found,) = checked(cloud, FOUR, larger, together=False)
    assert "SSD_TOTAL_GB does not suffice: 2000 needed, 1500 left of 1500" in found.what


@pytest.mark.parametrize(
    ("changes", "metric", "limit", "needed"),
    [
        ({"machine_type": "n2-standard-4"}, "N2_CPUS", 15, 16),
        ({"disk_type": "pd-standard"}, "DISKS_TOTAL_GB", 999, 1000),
        ({"disk_type": "pd-balanced"}, "SSD_TOTAL_GB", 999, 1000),
        ({}, "INSTANCES", 4, 5),
        ({"spot_workers": 4}, "CPUS", 17, 18),  # no preemptible quota: the regular one counts
        ({"spot_workers": 4}, "PREEMPTIBLE_CPUS", 7, 8),
        ({"accelerator_type": "nvidia-tesla-t4", "accelerator_count": 2}, "NVIDIA_T4_GPUS", 7, 8),
    ],
)
def test_each_quota(cloud: Cloud, changes: dict[str, Any], metric: str, limit: int, needed: int) -> None:
    cloud.compute.project_quotas["GPUS_ALL_REGIONS"] = (64, 0)
    cloud.compute.quotas["NVIDIA_T4_GPUS"] = (64, 0)
    scenario = FOUR.model_copy(update=changes)
    cloud.compute.quotas[metric] = (limit + 1, 1)
    (found,) = checked(cloud, scenario)
    assert f"The quota {metric} does not suffice: {needed} needed, {limit} left of {limit + 1}" in found.what
    cloud.compute.quotas[metric] = (needed, 0)
    assert checked(cloud, scenario) == []


def test_quotas_of_the_whole_project(cloud: Cloud) -> None:
    cloud.compute.project_quotas["CPUS_ALL_REGIONS"] = (12, 4)
    (found,) = checked(cloud)
    assert "CPUS_ALL_REGIONS does not suffice: 10 needed, 8 left of 12" in found.what


def test_an_accelerator_that_the_zone_does_not_offer(cloud: Cloud) -> None:
    scenario = FOUR.model_copy(update={"accelerator_type": "nvidia-tesla-p4", "accelerator_count": 1})
    (found,) = [p for p in checked(cloud, scenario) if "accelerator" in p.what]
    assert found.what == "The accelerator type nvidia-tesla-p4 is not offered in europe-west2-b."


def test_an_unknown_name_is_wrong_use(cloud: Cloud) -> None:
    with pytest.raises(UsageError, match=r"Unknown disk type 'pd-sdd'\. Did you mean 'pd-ssd'\?"):
        checked(cloud, FOUR.model_copy(update={"disk_type": "pd-sdd"}))


def test_no_such_project(cloud: Cloud) -> None:
    clients = Clients("another", cloud.compute.region, stand_in=cloud.stand_in, backoff=QUICK)
    found = preflight.problems(clients, [FOUR], zone=cloud.compute.zone)
    assert found[0].what == "There is no project another, or you may not see it."
    assert "gcloud projects list" in found[0].cure


def test_a_project_that_is_being_deleted(cloud: Cloud) -> None:
    cloud.project.state = "DELETE_REQUESTED"
    assert checked(cloud)[0].what == "The project a-project is DELETE_REQUESTED."


def test_a_check_that_cannot_be_made_does_not_hide_the_others(cloud: Cloud) -> None:
    refusal = Refusal("PERMISSION_DENIED", "no", "IAM_PERMISSION_DENIED", permission="serviceusage.services.list")
    cloud.failures.add("ListServices", refusal)
    cloud.compute.offered.discard("n1-standard-2")
    first, second = checked(cloud)
    assert "A check could not be made. Access denied: no" in first.what
    assert "serviceusage.services.list" in first.what
    assert second.what == "The machine type n1-standard-2 is not offered in europe-west2-b."


@pytest.mark.parametrize("method", ["regions", "machineTypes", "projects"])
def test_compute_is_asked_again(cloud: Cloud, method: str) -> None:
    cloud.failures.add(method, Refusal("UNAVAILABLE", "later"))
    cloud.failures.add(method, Refusal("RESOURCE_EXHAUSTED", "slow down", "rateLimitExceeded"))
    cloud.failures.add(method, Refusal("PERMISSION_DENIED", "slow down", "rateLimitExceeded"))  # as Compute says it
    assert checked(cloud) == []


def test_a_quota_that_the_region_does_not_name_is_not_checked() -> None:
    assert quotas.shortages({"N9_CPUS": 5}, {"CPUS": Quota(1, 0)}) == []


def test_spot_adds_to_the_regular_quota_where_there_is_no_other() -> None:
    wanted = {"CPUS": 8, "PREEMPTIBLE_CPUS": 8}
    assert [s.needed for s in quotas.shortages(wanted, {"CPUS": Quota(15, 0)})] == [16]
    assert quotas.shortages(wanted, {"CPUS": Quota(15, 0), "PREEMPTIBLE_CPUS": Quota(8, 0)}) == []
