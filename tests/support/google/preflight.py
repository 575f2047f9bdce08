"""What stands in the way of a scenario, in the fakes."""

from __future__ import annotations

from typing import Any

from infra.targets.google import preflight
from infra.targets.google.preflight import Problem
from tests.support.google.cloud import Cloud
from tests.support.google.jobs import FOUR as TOO_SMALL
from workloads.record import Scenario

FOUR = TOO_SMALL.model_copy(update={"master_machine_type": "n1-highmem-2"})


def checked(cloud: Cloud, *scenarios: Scenario, **options: Any) -> list[Problem]:
    return preflight.problems(cloud.clients, scenarios or [FOUR], zone=cloud.compute.zone, **options)
