"""Scenarios: one cluster shape per ``infra/scenarios/<name>.tfvars``, in Google Cloud's words.

The rules and their messages are those of ``infra/modules/shape/variables.tf``, so that a wrong scenario is refused
before anything starts; a test holds the two together.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, get_args

from infra.base import paths
from infra.base.errors import UsageError, unknown_name
from infra.catalogue import Catalogue
from infra.catalogue.pricing import DEFAULT_REGION, hourly_price
from infra.inputs.tfvars import read_tfvars
from workloads.record import Scenario

SUFFIX = ".tfvars"
NAME_PATTERN = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")
MAX_WORKERS = 100  # w-0 to w-99: two digits is what fits in the name of a network interface
DISK_GB_RANGE = (10, 65536)  # smallest boot disk, largest persistent disk of Compute Engine

_FIELDS = {name: field.annotation for name, field in Scenario.model_fields.items()}
_REQUIRED = [name for name, field in Scenario.model_fields.items() if field.is_required()]
MAX_ACCELERATORS = 8  # the most of one type on a machine


class ScenarioRow(NamedTuple):
    """What ``bakeoff scenarios`` says of one scenario: totals over all nodes, the master included."""

    name: str
    workers: int
    machine_type: str
    master_machine_type: str
    vcpus: int
    memory_gb: float
    disk_type: str
    disk_gb: int  # of each node
    disk_total_gb: int
    usd_per_hour: float
    region: str
    prices_dated: str


def scenario_names(directory: Path = paths.SCENARIOS_DIR) -> list[str]:
    """Names of all scenarios, sorted."""
    return sorted(path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}"))


def load_scenario(name: str, directory: Path = paths.SCENARIOS_DIR, catalogue: Catalogue | None = None) -> Scenario:
    """The scenario of that name, whose machines and disks are those of a catalogue (None: the default one).

    Raises:
        UsageError: there is none (with the nearest name), or its file breaks a rule (with every rule it breaks).
    """
    if name not in scenario_names(directory):
        raise unknown_name("scenario", name, scenario_names(directory))
    path = directory / f"{name}{SUFFIX}"
    return _checked(read_tfvars(path), path, catalogue)


def list_scenarios(directory: Path = paths.SCENARIOS_DIR, region: str = DEFAULT_REGION) -> list[ScenarioRow]:
    """Every scenario with its totals and list price, by name. Raises UsageError if one is not valid."""
    return [_row(load_scenario(name, directory), region) for name in scenario_names(directory)]


def problems(scenario: Scenario, catalogue: Catalogue | None = None) -> list[str]:
    """Every rule that the scenario breaks, in the words of ``variables.tf``; empty if it is valid."""
    catalogue = catalogue or Catalogue.default()
    found = []
    if not NAME_PATTERN.fullmatch(scenario.name):
        found.append(
            "name must be 1 to 40 lower-case letters, digits and hyphens, start with a letter and not end with a "
            f"hyphen; received '{scenario.name}'."
        )
    if scenario.workers != 0 and not 2 <= scenario.workers <= MAX_WORKERS:
        found.append(
            f"workers must be 0 (a single node) or 2 to {MAX_WORKERS}, because a Dataproc cluster with workers has at "
            f"least two; received {scenario.workers}."
        )
    for field in ("machine_type", "master_machine_type"):
        value = getattr(scenario, field)
        if value not in catalogue.machine_types:
            found.append(
                f"{field} must be one of infra/catalogue/machine_types.csv, such as n1-standard-2; "
                f"received '{value}'.{_nearest(value, catalogue.machine_types)}"
            )
    if scenario.workers == 0 and scenario.master_machine_type != scenario.machine_type:
        found.append(
            "master_machine_type must equal machine_type when workers is 0, because the one node is both; "
            f"received '{scenario.master_machine_type}' and '{scenario.machine_type}'."
        )
    if scenario.disk_type not in catalogue.disk_types:
        found.append(
            f"disk_type must be one of {', '.join(catalogue.disk_types)}; "
            f"received '{scenario.disk_type}'.{_nearest(scenario.disk_type, catalogue.disk_types)}"
        )
    smallest, largest = DISK_GB_RANGE
    if not smallest <= scenario.disk_gb <= largest:
        found.append(f"disk_gb must be a whole number from {smallest} to {largest}; received {scenario.disk_gb}.")
    return [*found, *_optional_problems(scenario)]


def _optional_problems(scenario: Scenario) -> list[str]:
    found = []
    if not 0 <= scenario.spot_workers <= MAX_WORKERS:
        found.append(f"spot_workers must be a whole number from 0 to {MAX_WORKERS}; received {scenario.spot_workers}.")
    if scenario.spot_workers and not scenario.workers:
        found.append(
            "spot_workers needs workers, because a single node has no secondary workers; "
            f"received {scenario.spot_workers} with workers 0."
        )
    if scenario.spot_workers and scenario.accelerator_count:
        found.append(
            "spot_workers cannot have accelerators, which Dataproc under Terraform gives to regular workers alone; "
            f"received {scenario.spot_workers} and {scenario.accelerator_count} per machine."
        )
    if (scenario.accelerator_type is None) != (scenario.accelerator_count == 0):
        found.append(
            "accelerator_type and accelerator_count go together, such as 'nvidia-tesla-t4' and 1; "
            f"received {scenario.accelerator_type!r} and {scenario.accelerator_count}."
        )
    if not 0 <= scenario.accelerator_count <= MAX_ACCELERATORS:
        found.append(
            f"accelerator_count must be a whole number from 0 to {MAX_ACCELERATORS}; received {scenario.accelerator_count}."
        )
    return found


def _checked(values: dict[str, object], path: Path, catalogue: Catalogue | None) -> Scenario:
    found = [f"{name} is not an attribute of a scenario.{_nearest(name, _FIELDS)}" for name in values.keys() - _FIELDS]
    found += [f"{name} is missing." for name in _REQUIRED if name not in values]
    for name, wanted in _FIELDS.items():
        value = values.get(name)
        kinds = get_args(wanted) or (wanted,)
        if name in values and type(value) not in kinds:
            kind = "a whole number" if int in kinds else "a string"
            found.append(f"{name} must be {kind}; received {value!r}.")
    if not found:
        scenario = Scenario.model_validate(values)
        found = problems(scenario, catalogue)
        expected = path.name.removesuffix(SUFFIX)
        if scenario.name != expected:
            found.append(f"name must be that of its file, '{expected}'; received '{scenario.name}'.")
    if found:
        raise UsageError(f"{path}: " + " ".join(sorted(found)))
    return scenario


def _nearest(value: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(value, list(known), n=1, cutoff=0.4)
    return f" Did you mean '{near[0]}'?" if near else ""


def _row(scenario: Scenario, region: str) -> ScenarioRow:
    machine_type = Catalogue.default().machine_type
    workers = [machine_type(scenario.machine_type)] * scenario.workers
    nodes = [machine_type(scenario.master_machine_type), *workers]
    price = hourly_price(scenario, region)
    return ScenarioRow(
        name=scenario.name,
        workers=scenario.workers,
        machine_type=scenario.machine_type,
        master_machine_type=scenario.master_machine_type,
        vcpus=sum(node.vcpus for node in nodes),
        memory_gb=sum(node.memory_gb for node in nodes),
        disk_type=scenario.disk_type,
        disk_gb=scenario.disk_gb,
        disk_total_gb=scenario.disk_gb * len(nodes),
        usd_per_hour=round(price.total_usd, 4),
        region=region,
        prices_dated=price.prices_dated,
    )
